"""Races of drawing: warm, cold, and beside pure decoding."""

from collections.abc import Callable
from pathlib import Path

from contest import Measured, python, race, run, say, warm
from inputs import Course
from programs import DRAW, SEED_DRAW
from rows import cell, ratio, table, times_faster

CPU_GOALS = dict.fromkeys(("wav", "wav24", "float"), 0.25)
CPU_GOALS |= {"flac": 0.75, "mp3": 0.45, "ogg": 0.50, "opus": 0.55}
WALL_GOALS = {"flac": 0.45, "mp3": 0.28}
COMPRESSED = ("flac", "mp3", "ogg", "opus", "m4a")
SEED_KINDS = ("wav", "flac", "mp3", "ogg")  # the others cost minutes and tell no more
GROWING = ("wav", "flac", "mp3", "ogg", "opus", "m4a")
LONG_S = 3600
Point = tuple[str, float, float, float]


def audiowaveform(course: Course, path: Path) -> Callable[[], Measured] | None:
    """Return a run of audiowaveform's process, or None for a format it cannot read."""
    tool, forms = course.tool("audiowaveform"), {"wav24": "wav", "float": "wav"}
    form = forms.get(path.suffix[1:], path.suffix[1:])
    if not tool or form in {"m4a", "aiff"}:
        return None
    zoom = str(max(2, int(path.stem) * 44_100 // 4000))
    options = ["-q", "--input-format", form, "-i", path]
    return lambda: run(
        [tool, *options, "-o", course.folder / "a.dat", "-b", "8", "-z", zoom]
    )


def drawn_warm(course: Course) -> str:
    """Return the table of one file of each kind, drawn after all imports."""
    from waveflow.audio.waveform.draw import draw

    rows = []
    for kind in course.kinds():
        path = course.file(course.seconds, kind)
        say(f"waveform of {path.name}")
        contestants: dict[str, Callable[[], Measured] | None] = {
            "one": lambda path=path: warm(lambda: draw(path, 4000, decoders=1)),
            "two": lambda path=path: warm(lambda: draw(path, 4000)),
            "theirs": audiowaveform(course, path),
            "seed": _seed(course, path, kind),
        }
        costs = race(contestants, course.rounds)
        seed_goal = 8 if kind == "wav" else 2.4
        rows.append(
            [
                kind,
                cell(costs, "one", "cpu", 3),
                cell(costs, "theirs", "cpu", 3),
                ratio(
                    costs, "one", "theirs", "cpu", goal=course.goal(CPU_GOALS.get(kind))
                ),
                ratio(costs, "two", "one", "wall", goal=course.goal(0.6)),
                ratio(
                    costs,
                    "two",
                    "theirs",
                    "wall",
                    goal=course.goal(WALL_GOALS.get(kind)),
                ),
                cell(costs, "seed", "cpu"),
                times_faster(costs, "one", "seed", goal=course.goal(seed_goal)),
            ]
        )
    head = ["file", "ours, CPU s", "audiowaveform, CPU s", "CPU, ours : theirs"]
    head += ["wall, two decoders : one", "wall, two : theirs"]
    head += ["librosa and a loop, CPU s", "ours is faster"]
    title = f"Waveform of {course.seconds} s, warm, against the whole other process"
    return table(title, head, rows)


def _seed(course: Course, path: Path, kind: str) -> Callable[[], Measured] | None:
    if not course.module("librosa") or kind not in SEED_KINDS:
        return None
    return lambda: run(python(SEED_DRAW, path))


def decoded(course: Course) -> str:
    """Return the table of drawing beside decoding alone, by the same library."""
    from waveflow.audio.codec import open_audio
    from waveflow.audio.stream import BLOCK_SAMPLES
    from waveflow.audio.waveform.draw import draw

    def decode(path: Path) -> None:
        for _ in open_audio(path).read(0, BLOCK_SAMPLES):
            pass

    rows = []
    for kind in course.kinds(*COMPRESSED):
        path = course.file(course.seconds, kind)
        say(f"pure decoding of {path.name}")
        costs = race(
            {
                "draw": lambda path=path: warm(lambda: draw(path, 4000, decoders=1)),
                "decode": lambda path=path: warm(lambda: decode(path)),
            },
            2 * course.rounds - 1,
        )
        rows.append(
            [
                kind,
                cell(costs, "draw", "cpu", 3),
                cell(costs, "decode", "cpu", 3),
                ratio(costs, "draw", "decode", "cpu", goal=course.goal(1.10)),
            ]
        )
    head = ["file", "draw, CPU s", "decode alone, CPU s", "ratio"]
    return table(f"Waveform of {course.seconds} s against decoding alone", head, rows)


def grown(course: Course) -> tuple[str, list[Point]]:
    """Return table and points of time and memory by length, in fresh processes."""
    lengths = [5, 30] if course.quick else [5, 30, 300, LONG_S]
    rows, points = [], []
    for kind in course.kinds(*GROWING):
        for seconds in lengths:
            path = course.file(seconds, kind)
            say(f"cold waveform of {path.name}")
            contestants = {
                "ours": lambda path=path: run(python(DRAW, path)),
                "theirs": audiowaveform(course, path),
            }
            costs = race(contestants, 1 if seconds == LONG_S else course.rounds)
            ours = costs["ours"]
            points.append((kind, seconds, min(ours.wall), max(ours.megabytes)))
            told = kind in {"wav", "flac", "mp3"} and seconds == LONG_S
            rows.append(
                [
                    f"{kind}, {seconds} s",
                    cell(costs, "ours", "wall"),
                    cell(costs, "theirs", "wall"),
                    ratio(costs, "ours", "theirs", "wall", goal=1 if told else None),
                    cell(costs, "ours", "megabytes", 0),
                    cell(costs, "theirs", "megabytes", 0),
                ]
            )
    head = ["file", "ours, wall s", "audiowaveform, wall s", "ratio"]
    head += ["ours, MB", "audiowaveform, MB"]
    return table("Waveform in a cold process, start-up included", head, rows), points
