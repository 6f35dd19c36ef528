"""Lambda entry point of the waveform stage."""

from waveflow.bootstrap import Services
from waveflow.events.flow import StemOutcome, WaveformRequest
from waveflow.runtime import lambda_stage
from waveflow.stages.waveform import draw_waveform


@lambda_stage("waveform", WaveformRequest)
def lambda_handler(request: WaveformRequest, services: Services) -> StemOutcome:
    """Draw the waveform of one stem and publish its document."""
    return draw_waveform(
        request, objects=services.objects, policy=services.drawing_policy
    )
