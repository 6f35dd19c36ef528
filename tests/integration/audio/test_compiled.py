"""The compiled loops of librosa: who fills numba's cache, when, and with what."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from waveflow.audio.listen.compiled import humming_metronome
from waveflow.audio.listen.key import find_key
from waveflow.audio.listen.loops import fill_once
from waveflow.audio.listen.tempo import find_tempo

# Other sounds than the one that fills the cache: noise, chords, a short one, silence.
LISTEN = """
from pathlib import Path
import numba, numpy as np
from waveflow.audio.listen.key import find_key
from waveflow.audio.listen.loops import import_librosa
from waveflow.audio.listen.tempo import find_tempo
import_librosa()
folder = Path(numba.config.CACHE_DIR)
before = {each: each.stat().st_mtime_ns for each in folder.rglob("*.nb?")}
time = np.arange(20 * 22050, dtype=np.float32) / 22050
noise = np.random.default_rng(1).standard_normal(len(time)).astype(np.float32) / 9
chord = sum(np.sin(6.2832 * hz * time) for hz in (261.6, 329.6, 392)) / 4
for sound in (noise, chord, chord * (time % 0.5 < 0.1), chord[:11025], 0 * chord):
    find_tempo(sound.astype(np.float32)), find_key(sound.astype(np.float32))
after = {each: each.stat().st_mtime_ns for each in folder.rglob("*.nb?")}
print(folder.name.startswith("waveflow-"), len(before) > 0, before == after)
"""


def test_the_metronome_reaches_every_compiled_part():
    """A part that is not reached compiles at a user's first upload, for seconds."""
    excerpt = humming_metronome()

    tempo, key = find_tempo(excerpt), find_key(excerpt)

    assert tempo.value is not None
    assert abs(tempo.value - 120) < 1
    assert key.reason == "NO_KEY", "one note has a pitch, and no key"


def test_the_metronome_leaves_nothing_to_compile():
    """A process that compiles more beside another would leave a cache that crashes."""
    listened = subprocess.run(
        [sys.executable, "-c", LISTEN], capture_output=True, text=True, check=True
    )

    assert listened.stdout.split() == ["True", "True", "True"], listened.stderr


def test_one_of_many_fills_the_cache_and_the_others_wait(tmp_path):
    """Two processes that compile at once leave a cache that ends all later ones.

    The crash itself is left to chance, and to 20 s of compiling twice: what is held
    here is that nobody compiles beside another, and nobody sees a folder half full.
    A lock of `flock` belongs to an open file, so threads stand for processes.
    """
    fills, all_ready = [], threading.Barrier(4)

    def fill(folder):
        fills.append(folder)
        folder.mkdir()
        for name in ("loop", "its gufunc"):
            time.sleep(0.05)
            (folder / name).touch()

    def ask(_number):
        all_ready.wait()
        return len(list(fill_once(tmp_path / "cache" / "1.0", fill).iterdir()))

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(ask, range(4)))

    assert seen == [2, 2, 2, 2]
    assert len(fills) == 1


def test_a_fill_that_fails_leaves_the_cache_to_the_next(tmp_path):
    """Half a cache after Ctrl-C would be taken for whole by every later process."""

    def interrupted(folder):
        folder.mkdir()
        (folder / "loop").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_once(tmp_path / "1.0", interrupted)
    filled = fill_once(
        tmp_path / "1.0", lambda folder: (folder / "whole").mkdir(parents=True)
    )

    assert [each.name for each in filled.iterdir()] == ["whole"]
    assert {each.name for each in tmp_path.iterdir()} == {"1.0", "1.0.lock"}
