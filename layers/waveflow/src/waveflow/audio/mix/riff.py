"""Write the header of a 16-bit mono WAV file."""

import struct

HEADER_BYTES = 44
SAMPLE_BYTES = 2
MAX_BYTES = 0xFFFF_FFFF  # of a RIFF file; beyond it a mix is too long


def header(sample_rate: int, frames: int) -> bytes:
    """Write the 44 bytes before the samples.

    Parameters
    ----------
    sample_rate
        In Hz.
    frames
        How many samples follow.

    Returns
    -------
    bytes
        The RIFF, format and data headers.
    """
    size = frames * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        HEADER_BYTES - 8 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        sample_rate,
        sample_rate * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        size,
    )
