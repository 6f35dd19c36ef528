"""Estimate the price on AWS of drawing stems, from the figures of `make costs`."""

from waveflow_local.ops.backfill.look import Asked
from waveflow_local.ops.prices import (
    COLD_SHARE,
    GET,
    PUT,
    TIMES,
    Stage,
    backfill_job,
)

ARCHITECTURE = "x86_64"
MEASURED_S = 30.0  # sound whose hashing and drawing was timed
OUTPUTS_S = 240.0  # sound whose optional outputs were timed


def price_of(seconds: float, asked: Asked) -> float:
    """Return the price of drawing one stem, in USD.

    Parameters
    ----------
    seconds
        Of the sound; a short sound costs as much as one of half a minute.
    """
    cold = COLD_SHARE * TIMES["cold"]
    share = max(seconds / MEASURED_S, 1.0)
    outputs = _output_times(asked) * seconds / OUTPUTS_S
    job = backfill_job(
        hashed=Stage(1024, TIMES["hash"] * share + cold),
        drawn=Stage(1769, TIMES["waveform"] * share + outputs + cold, tmp_mb=2048),
        told=Stage(512, TIMES["webhook"] + cold),
    )
    files = len(asked.zoom_levels) + len(asked.previews)
    return job.price(ARCHITECTURE) + files * (PUT + GET)


def _output_times(asked: Asked) -> float:
    """Return the CPU seconds that the asked-for outputs of `OUTPUTS_S` take."""
    names = [
        *(["zoom"] if asked.zoom_levels else []),
        *(["identity"] if asked.audio_id else []),
        *asked.previews,
    ]
    return sum(TIMES[name] for name in names)
