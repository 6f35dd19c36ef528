"""Lambda entry point of the dedupe_delete stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import DedupeDeleteRequest, StemOutcome
from waveflow.runtime import lambda_stage
from waveflow.stages.dedupe_delete import delete_duplicate


@lambda_stage("dedupe_delete", DedupeDeleteRequest)
def lambda_handler(request: DedupeDeleteRequest, services: Services) -> StemOutcome:
    """Delete one upload that is proved to be a duplicate."""
    return delete_duplicate(request, objects=services.objects, policy=services.policy)
