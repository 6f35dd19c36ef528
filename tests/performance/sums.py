"""Races of sums of stems: faders, a loudness target, and stems of an hour.

.venv/bin/python tests/performance/sums.py prints the tables of sums. With a commit as
argument, the command races the classic mix against the classic mix of that commit.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from contest import PYTHON, Measured, python, race, run, say
from inputs import Course
from programs import HEAD, MIX, SUM, WARM_MIX
from rows import Cost, Goal, against, cell, median, memory, ratio, table

COUNT, MANY, LONG_S = 8, 32, 3600
TARGET = "-14"
SUM_GOAL, TARGET_GOAL, CLASSIC_GOAL = Goal(0.35), Goal(0.50), Goal(1.05)
LIMITER_CPU_S, MEMORY_MB = 100, 160
WARM_ROUNDS = 15
LOUDNORM = f"loudnorm=I={TARGET}:TP=-1:LRA=11"
PCM_24 = ["-ar", "44100", "-c:a", "pcm_s24le"]


def raced(course: Course) -> str:
    """Return the table of sums of eight stems to stereo of 24 bits against FFmpeg."""
    stems = course.copies(course.file(course.seconds), COUNT)
    jobs = {
        "gain": (SUM.replace("0.3 if n % 2 else None", "None"), "", SUM_GOAL),
        "gain and pan": (SUM, "", SUM_GOAL),
        f"gain and pan, {TARGET} LUFS": (SUM, TARGET, TARGET_GOAL),
    }
    rows = []
    for name, (code, target, goal) in jobs.items():
        say(f"sum of {COUNT} x {course.seconds} s, {name}")
        graph = _graph(len(stems), pan="pan" in name)
        costs = race(
            {
                "ours": partial(_sum, course, stems, target=target, code=code),
                "ffmpeg": partial(_ffmpeg, course, stems, graph, target=target),
            },
            course.rounds,
        )
        rows.append(_row(name, costs, goal))
    head = ["faders", "ours, CPU s", "ffmpeg, CPU s", "CPU, ours : ffmpeg"]
    head += ["ours, wall s", "ffmpeg, wall s"]
    title = f"Sum of {COUNT} x {course.seconds} s to a stereo 24-bit WAV"
    return table(f"{title}, in fresh processes", head, rows)


def _row(name: str, costs: dict[str, Cost], goal: Goal) -> list[str]:
    figures = [cell(costs, who, "cpu") for who in ("ours", "ffmpeg")]
    walls = [cell(costs, who, "wall") for who in ("ours", "ffmpeg")]
    return [name, *figures, ratio(costs, "ours", "ffmpeg", "cpu", goal=goal), *walls]


def _sum(
    course: Course, stems: list[Path], *, target: str = "", code: str = SUM
) -> Measured:
    return run(python(code, course.folder / "mixed.wav", target, *stems))


def _graph(count: int, *, pan: bool) -> str:
    """Return FFmpeg's graph of the same gains, and of pan on every second stem."""
    panned = ",pan=stereo|c0=0.891*c0|c1=c1+0.454*c0"
    faders = [
        f"[{n}]volume=-6dB{panned if pan and n % 2 else ''}[s{n}]" for n in range(count)
    ]
    inputs = "".join(f"[s{n}]" for n in range(count))
    return ";".join([*faders, f"{inputs}amix=inputs={count}:normalize=0"])


def _ffmpeg(course: Course, stems: list[Path], graph: str, *, target: str) -> Measured:
    """Run FFmpeg; to a loudness, measure first and apply what was measured then."""
    inputs = [part for stem in stems for part in ("-i", stem)]
    command = [str(course.tool("ffmpeg")), "-y", *inputs, "-filter_complex"]
    out = [*PCM_24, course.folder / "other.wav"]
    if not target:
        return run([*command, graph, *out])
    log = course.folder / "loudnorm.txt"
    first = [*command, f"{graph},{LOUDNORM}:print_format=json", "-f", "null", "-"]
    shell: list[str | Path] = ["sh", "-c", 'exec "$@" 2> "$0"', log, *first]
    measuring = run(shell)
    found = json.loads("{" + log.read_text(encoding="utf-8").rpartition("{")[2])
    names = {"I": "i", "TP": "tp", "LRA": "lra", "thresh": "thresh"}
    known = [f"measured_{name}={found[f'input_{key}']}" for name, key in names.items()]
    second = ":".join([LOUDNORM, *known, f"offset={found['target_offset']}"])
    applying = run([*command, f"{graph},{second}", *out])
    (cpu, wall, most), (cpu_2, wall_2, most_2) = measuring, applying
    return cpu + cpu_2, wall + wall_2, max(most, most_2)


def long(course: Course) -> str:
    """Return the table of time and memory of stems of five minutes and an hour."""
    jobs = [
        (COUNT, LONG_S, TARGET),
        (MANY, course.seconds, ""),
        (MANY, LONG_S, ""),
    ]
    rows = []
    for count, seconds, target in jobs:
        stems = course.copies(course.file(seconds), count)
        say(f"sum of {count} x {seconds} s {target}")
        costs = race({"ours": partial(_sum, course, stems, target=target)}, 1)
        megabytes = memory(costs, "ours", goal=Goal(MEMORY_MB))
        is_limited = count == COUNT and target
        cpu_goal = Goal(LIMITER_CPU_S) if is_limited else None
        figures = [
            against(median(costs["ours"].cpu), cpu_goal),
            cell(costs, "ours", "wall"),
        ]
        name = f"{count} x {seconds} s{f', {TARGET} LUFS' if target else ''}"
        rows.append([name, *figures, megabytes])
    return table("Sums of long stems", ["stems", "CPU s", "wall s", "MB"], rows)


def classic(course: Course, commit: str) -> str:
    """Return the table of the classic mix against that of another commit."""
    before = course.folder / "before"
    before.mkdir()
    archive = ["git", "archive", commit, "layers/waveflow/src"]
    data = subprocess.run(archive, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", before], check=True, input=data)
    sources = {
        "ours": Path("layers/waveflow/src").resolve(),
        "before": before / "layers/waveflow/src",
    }
    stems = course.copies(course.file(course.seconds), COUNT)
    rows = []
    for name, code, rounds in (("cold", MIX, course.rounds), ("warm", WARM_MIX, 0)):
        say(f"classic mix, {name}")
        runs = {
            who: partial(_at, source, [code, course.folder / "mixed.wav", *stems])
            for who, source in sources.items()
        }
        costs = race(runs, rounds or WARM_ROUNDS)
        figures = [cell(costs, who, "cpu", 3) for who in ("ours", "before")]
        compared = ratio(costs, "ours", "before", "cpu", goal=CLASSIC_GOAL)
        rows.append([name, *figures, compared])
    title = f"Classic mix of {COUNT} x {course.seconds} s, against {commit}"
    return table(title, ["process", "now, CPU s", "before, CPU s", "ratio"], rows)


def _at(source: Path, arguments: list[str | Path]) -> Measured:
    """Run code on another source; a warm run prints the CPU seconds that count."""
    code, *rest = arguments
    os.environ["PYTHONPATH"] = str(source)
    if code != WARM_MIX:
        return run(python(str(code), *rest))
    command = [PYTHON, "-c", HEAD + WARM_MIX, *rest]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return float(printed), 0, 0


def main() -> None:
    """Print the tables of sums, or that of the classic mix against a commit."""
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder), quick=False)
        if sys.argv[1:]:
            sys.stdout.write(f"{classic(course, sys.argv[1])}\n")
            return
        for tables in (raced, long):
            sys.stdout.write(f"{tables(course)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
