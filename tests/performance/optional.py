"""Costs of zoom levels, identity and previews beside a drawing.

.venv/bin/python tests/performance/optional.py prints these rows of the bench alone.
"""

import hashlib
import math
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from contest import Measured, python, race, run, say, warm
from inputs import Course
from programs import EVERYTHING
from rows import Cost, Goal, against, cell, median, memory, table
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.preview.encoder import PreviewEncoder, PreviewKind
from waveflow.audio.stream import Listener, Stream
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom_levels import ZoomLevels
from waveforms import LONG_S

PEAKS = 4000
LEVELS = (256, 1024, 4096)
MEMORY_GOAL = 120
# CPU seconds beyond drawing, of 300 s; of an identity, 90 ms where SHA-256 takes 53.
GOALS = {"zoom levels": 0.015, "Opus preview": 3.0}
IDENTITY_GOAL = 90 / 53
SLOW = ("Opus preview", "MP3 preview")  # runs of seconds, which spread little
Make = Callable[[Stream], Listener[object]]


def beside(course: Course) -> str:
    """Return the table of each optional output, beyond drawing alone."""
    path, rows = course.file(course.seconds), []
    alone = median(race({"sha": _hash_alone(course)}, 4 * course.rounds - 1)["sha"].cpu)
    goals = GOALS | {"identity": IDENTITY_GOAL * alone}
    for name, make in _listeners(path, course.folder).items():
        say(f"{name} of {path.name}")
        costs = race(
            {
                "alone": lambda: warm(lambda: draw(path, PEAKS, decoders=1)),
                "asked": lambda make=make: warm(lambda: _draw(path, make)),
            },
            course.rounds if name in SLOW else 4 * course.rounds - 1,
        )
        more = median(costs["asked"].cpu) - median(costs["alone"].cpu)
        goal = course.goal(goals.get(name))
        rows.append([name, cell(costs, "alone", "cpu", 3), against(more, goal, 3)])
    rows.append(["SHA-256 of the same samples alone", "-", f"{alone:.3f}"])
    title = f"What a message may ask for, of a stereo WAV of {course.seconds} s, warm"
    return table(title, ["output", "drawing alone, CPU s", "beyond it, CPU s"], rows)


def _listeners(path: Path, folder: Path) -> dict[str, Make]:
    """Return a maker of each optional listener; zoom levels are 256, 1024 and 4096."""
    return {
        "zoom levels": lambda stream: ZoomLevels(stream, LEVELS, split=False),
        "zoom levels, split": lambda stream: ZoomLevels(stream, LEVELS, split=True),
        "identity": lambda stream: AudioIdentity(stream, path),
        "Opus preview": lambda _: PreviewEncoder(folder / "p", PreviewKind.OPUS),
        "MP3 preview": lambda _: PreviewEncoder(folder / "p", PreviewKind.MP3),
    }


def _draw(path: Path, make: Make) -> None:
    """Draw a file with one guarded listener, and finish the listener."""
    guards: list[Guard[object]] = []

    def listen(stream: Stream) -> list[Guard[object]]:
        guards.append(Guard(lambda _: make(stream), Budget(time_s=math.inf)))
        return guards

    draw(path, PEAKS, decoders=1, listen=listen)
    guards[0].finish()


def _hash_alone(course: Course) -> Callable[[], Measured]:
    """Return a run of SHA-256 over as many bytes as an identity hashes."""
    block = np.zeros((65_536, 2), np.int32)
    blocks = course.seconds * 44_100 // len(block)

    def work() -> None:
        digest = hashlib.sha256()
        for _ in range(blocks):
            digest.update(block.data)

    return partial(warm, work)


def everything(course: Course) -> str:
    """Return the table of all optional outputs at once, in fresh processes."""
    lengths, rows = [5, 30] if course.quick else [5, 300, LONG_S], []
    for seconds in lengths:
        path = course.file(seconds)
        say(f"everything of {path.name}")
        command = python(EVERYTHING, path, course.folder)
        rounds = 1 if seconds == LONG_S else course.rounds
        costs: dict[str, Cost] = race({"ours": partial(run, command)}, rounds)
        rows.append(
            [
                f"wav, {seconds} s",
                cell(costs, "ours", "cpu"),
                memory(costs, "ours", goal=Goal(MEMORY_GOAL)),
            ]
        )
    title = "Zoom levels, split, with identity and both previews, in a cold process"
    return table(title, ["file", "CPU s", "MB"], rows)


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder), quick=False)
        for rows in (beside, everything):
            sys.stdout.write(f"{rows(course)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
