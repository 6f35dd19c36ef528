"""Fill numba's cache: run once whatever librosa compiles on its first call.

`python -m waveflow.audio.listen.compiled`, at set-up and while an image is built.
"""

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.excerpt import SAMPLE_RATE
from waveflow.audio.listen.key import find_key
from waveflow.audio.listen.tempo import find_tempo

SECONDS = 8


def exercise() -> None:
    """Find tempo and key of a test signal, to fill numba's cache for librosa."""
    excerpt = humming_metronome()
    find_tempo(excerpt)
    find_key(excerpt)


def humming_metronome() -> NDArray[np.float32]:
    """Return a test signal with beats and pitch, for tempo and key detection.

    Returns
    -------
    NDArray
        Shape (frames,), at 22,050 Hz: 120 BPM and one note.
    """
    hum = 0.5 * np.sin(np.arange(SECONDS * SAMPLE_RATE) / 9)
    hum[:: SAMPLE_RATE // 2] = 1
    return hum.astype(np.float32)


if __name__ == "__main__":
    exercise()
