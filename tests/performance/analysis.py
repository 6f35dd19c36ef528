"""Measure the cost of an analysis beside drawing, each figure in a new process.

This module imports no large package: on Linux a child process starts with its
parent's peak of memory.
.venv/bin/python tests/performance/analysis.py [MINUTES]
"""

import functools
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RATE = 48_000
TIMES = 3  # runs; the cheapest counts, because other programs disturb the others

Cost = tuple[float, float]


def make(path: Path, minutes: float) -> None:
    """Write stereo music-like noise with a beat."""
    import numpy as np
    import soundfile

    frames = round(minutes * 60 * RATE)
    random, n = np.random.default_rng(1), np.arange(RATE)
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(0, frames, RATE):
            beat = np.exp(-(n % (RATE // 2)) / 4_000)[:, None]
            tones = sum(np.sin(2 * np.pi * hz * n / RATE) for hz in (220, 277, 330))
            noise = random.standard_normal((RATE, 2)) * 0.1
            file.write((tones[:, None] * 0.1 + noise) * beat)


def draw(path: Path) -> None:
    """Draw in one decoder, as an analysis does."""
    from waveflow.audio.waveform.draw import draw

    draw(path, 1024, decoders=1)


def analyse(path: Path) -> None:
    """Draw, and measure loudness and stem faults."""
    from waveflow.audio.listen.meter import Meter
    from waveflow.audio.waveform.draw import draw

    meter = Meter()
    draw(path, 1024, listen=lambda _: [meter])
    meter.finish()


def find(path: Path) -> None:
    """Find tempo and key, as the first call of a process."""
    from waveflow.audio.listen.excerpt import read_excerpt
    from waveflow.audio.listen.key import find_key
    from waveflow.audio.listen.tempo import find_tempo

    excerpt = read_excerpt(path)
    find_tempo(excerpt)
    find_key(excerpt)


def find_again(path: Path) -> None:
    """Find tempo and key twice."""
    find(path)
    find(path)


def measure(work: Callable[[Path], None], path: Path) -> Cost:
    """Return CPU seconds and peak megabytes of a function in a new process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(work, path, theirs))
    process.start()
    theirs.close()  # a process that fails closes the pipe
    cost: Cost = ours.recv()
    process.join()
    return cost


def _measured(work: Callable[[Path], None], path: Path, answer: object) -> None:
    started = time.process_time()
    work(path)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.send((time.process_time() - started, megabytes))


def main(minutes: float) -> None:
    """Print the table of costs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stem.wav"
        measure(functools.partial(make, minutes=minutes), path)
        measure(find, path)  # fills numba's cache
        cost = {
            work: min(measure(work, path) for _ in range(TIMES))
            for work in (draw, analyse, find, find_again)
        }
    meter = (cost[analyse][0] - cost[draw][0]) / minutes
    again = cost[find_again][0] - cost[find][0]
    more = cost[analyse][1] - cost[draw][1]
    first, memory = cost[find]
    rows = [
        "| work | CPU s | MB |",
        "| --- | --- | --- |",
        f"| loudness and stem check, a stereo minute | {meter:.2f} | {more:.0f} more |",
        f"| tempo and key, first of a process | {first:.1f} | {memory:.0f} in all |",
        f"| tempo and key, again | {again:.1f} | |",
    ]
    sys.stdout.write("\n".join([*rows, ""]))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5)
