"""Write the waveform document that browsers load."""

import json
from typing import Any

from waveflow.audio.waveform.draw import Waveform

VERSION = 2  # of audiowaveform's data format
ALGORITHM = 1  # of the peaks; raised when the same bytes would give others


def waveform_document(waveform: Waveform, *, audio_hash: str, created_at: str) -> bytes:
    """Write one document for peaks.js, waveform-data.js and wavesurfer.js.

    Parameters
    ----------
    waveform
        What was drawn.
    audio_hash
        SHA-256 of the source, hexadecimal.
    created_at
        The message's time, ISO 8601.

    Returns
    -------
    bytes
        Minified UTF-8 JSON without NaN or Infinity.
    """
    document: dict[str, Any] = {
        "version": VERSION,
        "channels": 1,
        "sample_rate": waveform.sample_rate,
        "samples_per_pixel": waveform.samples_per_pixel,
        "bits": 8,
        "length": len(waveform.data) // 2,
        "data": waveform.data.tolist(),
        "peaks": [round(value, 4) for value in waveform.peaks.tolist()],
        "duration": round(waveform.duration, 6),
        "num_peaks": len(waveform.peaks),
        "peak": round(waveform.peak, 6),
        "audio_hash": audio_hash,
        "created_at": created_at,
        "algorithm": ALGORITHM,
    }
    text = json.dumps(
        document, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()
