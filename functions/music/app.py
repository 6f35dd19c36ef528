"""Lambda entry point of the music stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import MusicRequest, MusicResult
from waveflow.runtime import lambda_stage
from waveflow.stages.music import find_music


@lambda_stage("music", MusicRequest)
def lambda_handler(request: MusicRequest, services: Services) -> MusicResult:
    """Find the tempo and the musical key of one stem."""
    return find_music(request, objects=services.objects, policy=services.policy)
