"""Lambda entry point of the hash stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import HashRequest, HashResult
from waveflow.runtime import lambda_stage
from waveflow.stages.hash import hash_object


@lambda_stage("hash", HashRequest)
def lambda_handler(request: HashRequest, services: Services) -> HashResult:
    """Fingerprint one uploaded object."""
    return hash_object(request, objects=services.objects, policy=services.policy)
