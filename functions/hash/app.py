"""Lambda entry point of the hash stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import HashRequest, HashResult
from waveflow.runtime import lambda_stage
from waveflow.stages.hash import hash_object


@lambda_stage("hash", HashRequest)
def lambda_handler(request: HashRequest, services: Services) -> HashResult:
    """Pin one uploaded S3 object and compute its SHA-256."""
    return hash_object(request, objects=services.objects, policy=services.policy)
