"""Races of the command `waveflow peaks` for one file and for many."""

from pathlib import Path

from contest import PYTHON, python, race, run, say
from inputs import Course
from programs import AUDIOWAVEFORM_LOOP, READ
from rows import cell, ratio, table
from waveforms import LONG_S, audiowaveform

COMMAND = Path(PYTHON).with_name("waveflow")
FILES = 100
SHORT_S = 5
START_GOAL = 1.4  # of Python, NumPy and soundfile reading the same file
BATCH_GOALS = {"wav": 0.40, "flac": 0.70, "mp3": 0.85}


def one_file(course: Course) -> str:
    """Return the table of one WAV drawn by the command."""
    peaks, rows = [COMMAND, "peaks", "-o", course.folder / "peaks.json"], []
    for seconds in [SHORT_S] if course.quick else [SHORT_S, LONG_S]:
        path = course.file(seconds)
        say(f"waveflow peaks {path.name}")
        short = seconds == SHORT_S
        costs = race(
            {
                "ours": lambda path=path: run([*peaks, path]),
                "read": (lambda path=path: run(python(READ, path))) if short else None,
                "theirs": audiowaveform(course, seconds, "wav"),
            },
            2 * course.rounds - 1,
        )
        rows.append(
            [
                f"wav, {seconds} s",
                cell(costs, "ours", "cpu"),
                cell(costs, "ours", "wall"),
                ratio(costs, "ours", "read", "cpu", goal=course.goal(START_GOAL, 1)),
                cell(costs, "theirs", "wall"),
                ratio(costs, "ours", "theirs", "wall"),
            ]
        )
    head = ["file", "ours, CPU s", "ours, wall s", "CPU, to NumPy and soundfile alone"]
    head += ["audiowaveform, wall s", "wall, ours : theirs"]
    return table("`waveflow peaks FILE`, SHA-256 included", head, rows)


def many_files(course: Course) -> str:
    """Return the table of many short files, against a loop of audiowaveform."""
    rows = []
    for kind in course.kinds(*BATCH_GOALS):
        files = course.copies(course.file(SHORT_S, kind), 8 if course.quick else FILES)
        say(f"waveflow peaks of {len(files)} files of {kind}")
        out = course.folder / f"documents-{kind}"
        ours = [COMMAND, "peaks", *files, "--out-dir", out]
        zoom = str(SHORT_S * 44_100 // 1024)
        loop = ["sh", "-c", AUDIOWAVEFORM_LOOP, kind, zoom, course.folder, *files]
        there = course.tool("audiowaveform")
        costs = race(
            {
                "ours": lambda ours=ours: run(ours),
                "theirs": (lambda loop=loop: run(loop)) if there else None,
            },
            course.rounds,
        )
        goal = course.goal(BATCH_GOALS[kind])
        rows.append(
            [
                f"{len(files)} x {SHORT_S} s, {kind}",
                cell(costs, "ours", "cpu"),
                cell(costs, "theirs", "cpu"),
                ratio(costs, "ours", "theirs", "cpu", goal=goal),
                ratio(costs, "ours", "theirs", "wall"),
            ]
        )
    head = ["files", "ours, CPU s", "audiowaveform in a loop, CPU s"]
    head += ["CPU, ours : theirs", "wall, ours : theirs"]
    return table("`waveflow peaks FILE…`, start-up included", head, rows)
