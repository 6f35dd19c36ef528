"""Races of drawing: warm, cold, on one core, and beside pure decoding."""

from collections.abc import Callable
from pathlib import Path

from contest import Measured, one_core, python, race, run, say, warm
from inputs import Course
from programs import DRAW, SEED_DRAW
from rows import cell, memory, ratio, table, times_faster

# Goal and limit of CPU, ours : audiowaveform.
CPU_GOALS = {
    "wav": (0.30, 0.15),
    "loud": (0.35, 0.15),
    "wav24": (0.35, None),
    "float": (0.35, None),
    "flac": (0.80, 0.70),
    "mp3": (0.45, 0.43),
    "ogg": (0.48, 0.44),
    "opus": (0.46, None),
}
TWO_DECODERS = ("flac", "mp3", "ogg")
DECODING_GOALS = {"flac": 1.10, "mp3": 1.10, "ogg": 1.20, "opus": 1.10, "m4a": 1.10}
SEED_KINDS = ("wav", "flac", "mp3", "ogg")  # the others cost minutes and tell no more
ONE_CORE_KINDS = ("wav", "loud", "flac", "mp3", "ogg", "opus")
GROWING = ("wav", "flac", "mp3", "ogg", "opus", "m4a")
UNREAD = ("m4a", "aiff")  # audiowaveform cannot
FORMS = {"loud": "wav", "wav24": "wav", "float": "wav"}
LONG_S = 3600
MEMORY_GOAL = 70
Point = tuple[str, float, float, float]


def audiowaveform(
    course: Course, seconds: int, kind: str
) -> Callable[[], Measured] | None:
    """Return a run of audiowaveform's process, or None for a format it cannot read."""
    tool = course.tool("audiowaveform")
    if not tool or kind in UNREAD:
        return None
    zoom = str(max(2, seconds * 44_100 // 4000))
    command = [tool, "-q", "--input-format", FORMS.get(kind, kind)]
    command += ["-i", course.file(seconds, kind), "-o", course.folder / "a.dat"]
    return lambda: run([*command, "-b", "8", "-z", zoom])


def drawn_warm(course: Course) -> str:
    """Return the table of one file of each kind, drawn after all imports."""
    rows = [_warm_row(course, kind) for kind in course.kinds()]
    head = ["file", "ours, CPU s", "audiowaveform, CPU s", "CPU, ours : theirs"]
    head += ["wall, two decoders : one", "wall, ours : theirs"]
    head += ["librosa and a loop, CPU s", "ours is faster"]
    title = f"Waveform of {course.seconds} s, warm, against the whole other process"
    return table(title, head, rows)


def _warm_row(course: Course, kind: str) -> list[str]:
    from waveflow.audio.waveform.draw import draw

    path = course.file(course.seconds, kind)
    say(f"waveform of {path.name}")
    two = kind in TWO_DECODERS
    costs = race(
        {
            "one": lambda: warm(lambda: draw(path, 4000, decoders=1)),
            "two": (lambda: warm(lambda: draw(path, 4000))) if two else None,
            "theirs": audiowaveform(course, course.seconds, kind),
            "seed": _seed(course, path, kind),
        },
        2 * course.rounds - 1,
    )
    goal = course.goal(*CPU_GOALS.get(kind, (None,)))
    return [
        kind,
        cell(costs, "one", "cpu", 3),
        cell(costs, "theirs", "cpu", 3),
        ratio(costs, "one", "theirs", "cpu", goal=goal),
        ratio(costs, "two", "one", "wall", goal=course.goal(0.6)),
        ratio(costs, "two" if two else "one", "theirs", "wall"),
        cell(costs, "seed", "cpu"),
        times_faster(costs, "one", "seed"),
    ]


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
    for kind in course.kinds(*DECODING_GOALS):
        path = course.file(course.seconds, kind)
        say(f"pure decoding of {path.name}")
        costs = race(
            {
                "draw": lambda path=path: warm(lambda: draw(path, 4000, decoders=1)),
                "decode": lambda path=path: warm(lambda: decode(path)),
            },
            2 * course.rounds - 1,
        )
        goal = course.goal(DECODING_GOALS[kind], 1)
        rows.append(
            [
                kind,
                cell(costs, "draw", "cpu", 3),
                cell(costs, "decode", "cpu", 3),
                ratio(costs, "draw", "decode", "cpu", goal=goal),
            ]
        )
    head = ["file", "draw, CPU s", "decode alone, CPU s", "ratio"]
    return table(f"Waveform of {course.seconds} s against decoding alone", head, rows)


def drawn_on_one_core(course: Course) -> str:
    """Return the table of drawing where both programs have a single core."""
    from waveflow.audio.waveform.draw import draw

    rows = []
    for kind in course.kinds(*ONE_CORE_KINDS):
        path = course.file(course.seconds, kind)
        say(f"waveform of {path.name} on one core")
        with one_core():
            costs = race(
                {
                    "ours": lambda path=path: warm(lambda: draw(path, 4000)),
                    "theirs": audiowaveform(course, course.seconds, kind),
                },
                course.rounds,
            )
        figures = [cell(costs, name, "wall", 3) for name in ("ours", "theirs")]
        wall = ratio(costs, "ours", "theirs", "wall", goal=course.goal(1))
        rows.append([kind, *figures, wall])
    head = ["file", "ours, wall s", "audiowaveform, wall s", "ratio"]
    return table(f"Waveform of {course.seconds} s on one core, warm", head, rows)


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
                "theirs": audiowaveform(course, seconds, kind),
            }
            costs = race(contestants, 1 if seconds == LONG_S else course.rounds)
            ours = costs["ours"]
            points.append((kind, seconds, min(ours.wall), max(ours.megabytes)))
            goal = course.goal(1) if seconds == LONG_S else None
            rows.append(
                [
                    f"{kind}, {seconds} s",
                    cell(costs, "ours", "wall"),
                    cell(costs, "theirs", "wall"),
                    ratio(costs, "ours", "theirs", "wall", goal=goal),
                    memory(costs, "ours", goal=course.goal(MEMORY_GOAL)),
                    memory(costs, "theirs"),
                ]
            )
    head = ["file", "ours, wall s", "audiowaveform, wall s", "ratio"]
    head += ["ours, MB", "audiowaveform, MB"]
    title = "Waveform by the engine in a cold process, start-up included"
    return table(title, head, rows), points
