"""Join a stem's loudness, warnings, tempo and key into one analysis."""

from msgspec import UNSET, UnsetType

from waveflow.audio.listen.findings import Analysis, Loudness, StemWarning
from waveflow.audio.listen.meter import Meter
from waveflow.errors import InternalError, WaveflowError
from waveflow.events.failures import code_of
from waveflow.events.flow import MusicFindings

NO_MUSIC = MusicFindings(error=InternalError.__name__)


def analysis_of(meter: Meter, music: MusicFindings | None) -> Analysis:
    """Return a result's `analysis`: measurements, or null beside an error code."""
    found = music or NO_MUSIC
    loudness: Loudness | None = None
    warnings: list[StemWarning] = []
    error_code: str | UnsetType = UNSET
    try:
        loudness, warnings = meter.finish()
    except WaveflowError as error:
        error_code = error.code
    return Analysis(
        loudness=loudness,
        tempo=found.tempo,
        key=found.key,
        warnings=warnings,
        error_code=error_code if found.error is None else code_of(found.error),
    )
