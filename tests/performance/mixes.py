"""Races of mixing stems, and growth with the number of stems."""

from collections.abc import Callable
from pathlib import Path

from contest import Measured, python, race, run, say
from inputs import Course
from programs import MIX, PYDUB_MIX, SEED_MIX
from rows import cell, memory, ratio, table, times_faster

# Goal and limit of CPU, ours : ffmpeg.
CPU_GOALS = {"wav": (0.25, 0.13), "flac": (0.65, 0.55), "mp3": (0.85, 0.80)}
LONG_SOX_GOAL = (0.15, 0.05)
LOUD_GOAL = (1.15, 1.0)
M4A_MEMORY_GOAL = 128
LONG_S = 3600
MEMORY_KINDS = ("flac", "mp3", "m4a")


def _mix(course: Course, stems: list[Path], code: str = MIX) -> Measured:
    return run(python(code, course.folder / "mixed.wav", *stems))


def mixed(course: Course) -> str:
    """Return the table of mixes of eight stems, and of four that last an hour."""
    jobs = [(8, course.seconds, kind) for kind in course.kinds(*CPU_GOALS)]
    jobs += [] if course.quick else [(4, LONG_S, "wav")]
    head = ["stems", "ours, CPU s", "ffmpeg amix, CPU s", "CPU, ours : ffmpeg"]
    head += ["ours, wall s", "sox -m, wall s", "wall, ours : sox"]
    head += ["librosa and numpy, CPU s", "ours is faster", "pydub, CPU s"]
    rows = [_row(course, *job) for job in jobs]
    return table("Mix to a mono 16-bit WAV, in fresh processes", head, rows)


def _row(course: Course, count: int, seconds: int, kind: str) -> list[str]:
    stems = course.copies(course.file(seconds, kind), count)
    say(f"mix of {count} x {seconds} s of {kind}")
    long = seconds == LONG_S
    contestants: dict[str, Callable[[], Measured] | None] = {
        "ours": lambda: _mix(course, stems),
        "ffmpeg": None if long else _amix(course, stems),
        "sox": _sox(course, stems),
        "seed": None,
        "pydub": None,
    }
    if not long and course.module("librosa"):
        contestants["seed"] = lambda: _mix(course, stems, SEED_MIX)
    if not long and course.module("pydub"):
        contestants["pydub"] = lambda: _mix(course, stems, PYDUB_MIX)
    costs = race(contestants, 1 if long else course.rounds)
    sox_goal = course.goal(*LONG_SOX_GOAL) if long else None
    return [
        f"{count} x {seconds} s, {kind}",
        cell(costs, "ours", "cpu"),
        cell(costs, "ffmpeg", "cpu"),
        ratio(costs, "ours", "ffmpeg", "cpu", goal=course.goal(*CPU_GOALS[kind])),
        cell(costs, "ours", "wall"),
        cell(costs, "sox", "wall"),
        ratio(costs, "ours", "sox", "wall", goal=sox_goal),
        cell(costs, "seed", "cpu"),
        times_faster(costs, "ours", "seed"),
        cell(costs, "pydub", "cpu"),
    ]


def loud(course: Course) -> str:
    """Return the table of a mix that is scaled down, beside the same mix quiet."""
    pairs = {
        name: course.copies(course.file(course.seconds, kind), 8)
        for name, kind in (("quiet", "wav"), ("loud", "loud"))
        if kind in course.kinds()
    }
    say("a loud mix")
    costs = race(
        {
            name: lambda stems=stems: _mix(course, stems)
            for name, stems in pairs.items()
        },
        course.rounds,
    )
    row = [
        f"8 x {course.seconds} s, wav",
        cell(costs, "quiet", "cpu"),
        cell(costs, "loud", "cpu"),
        ratio(costs, "loud", "quiet", "cpu", goal=course.goal(*LOUD_GOAL)),
    ]
    head = ["stems", "quiet, CPU s", "loud, CPU s", "CPU, loud : quiet"]
    return table("A mix above 0.95, which is scaled down", head, [row])


def _amix(course: Course, stems: list[Path]) -> Callable[[], Measured] | None:
    tool = course.tool("ffmpeg")
    if not tool:
        return None
    inputs = [part for stem in stems for part in ("-i", stem)]
    amix = ["-filter_complex", f"amix=inputs={len(stems)}", "-ac", "1"]
    command = [tool, "-y", "-v", "error", *inputs, *amix]
    return lambda: run([*command, course.folder / "other.wav"])


def _sox(course: Course, stems: list[Path]) -> Callable[[], Measured] | None:
    tool = course.tool("sox")
    if not tool:
        return None
    return lambda: run([tool, "-m", *stems, "-c", "1", course.folder / "other.wav"])


def crowded(course: Course) -> str:
    """Return the table of time and memory by the number of stems."""
    counts, seconds = ([1, 8], 5) if course.quick else ([1, 4, 16, 64], 30)
    rows = [_alone(course, count, seconds, "wav") for count in counts]
    if not course.quick:
        rows.append(_alone(course, 32, LONG_S, "wav"))
        rows += [
            _alone(course, 32, course.seconds, kind)
            for kind in course.kinds(*MEMORY_KINDS)
        ]
    head = ["stems", "CPU s", "wall s", "MB"]
    return table("Mixes of more stems", head, rows)


def _alone(course: Course, count: int, seconds: int, kind: str) -> list[str]:
    stems = course.copies(course.file(seconds, kind), count)
    say(f"mix of {count} x {seconds} s of {kind}")
    costs = race({"ours": lambda: _mix(course, stems)}, 1)
    goal = course.goal(M4A_MEMORY_GOAL if kind == "m4a" else None)
    figures = [cell(costs, "ours", "cpu"), cell(costs, "ours", "wall")]
    megabytes = memory(costs, "ours", goal=goal)
    return [f"{count} x {seconds} s, {kind}", *figures, megabytes]
