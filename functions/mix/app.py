"""Lambda entry point of the mix stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import MixOutcome, MixRequest
from waveflow.runtime import lambda_stage
from waveflow.stages.mix import mix_stems


@lambda_stage("mix", MixRequest)
def lambda_handler(request: MixRequest, services: Services) -> MixOutcome:
    """Mix the stems that one message names into a WAV and its waveform."""
    return mix_stems(request, objects=services.objects, policy=services.drawing_policy)
