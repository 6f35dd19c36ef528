"""The signal that fills numba's cache while an image is built."""

from waveflow.audio.listen.compiled import humming_metronome
from waveflow.audio.listen.key import find_key
from waveflow.audio.listen.tempo import find_tempo


def test_the_metronome_reaches_every_compiled_part():
    """A part that is not reached compiles at a user's first upload, for seconds."""
    excerpt = humming_metronome()

    tempo, key = find_tempo(excerpt), find_key(excerpt)

    assert tempo.value is not None
    assert abs(tempo.value - 120) < 1
    assert key.reason == "NO_KEY", "one note has a pitch, and no key"
