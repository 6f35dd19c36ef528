"""Lambda entry point of the compare stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import CompareOutcome, CompareRequest
from waveflow.runtime import lambda_stage
from waveflow.stages.compare import compare_pairs


@lambda_stage("compare", CompareRequest)
def lambda_handler(request: CompareRequest, services: Services) -> CompareOutcome:
    """Compare two versions of each recording that one message names."""
    return compare_pairs(request, objects=services.objects, policy=services.policy)
