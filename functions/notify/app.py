"""Lambda entry point of the notify stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import NotifyRequest, NotifyResult
from waveflow.runtime import lambda_stage
from waveflow.stages.notify import notify


@lambda_stage("notify", NotifyRequest)
def lambda_handler(request: NotifyRequest, services: Services) -> NotifyResult:
    """Send one webhook to the platform's server."""
    to = services
    return notify(request, webhook=to.webhook, tokens=to.tokens, policy=to.policy)
