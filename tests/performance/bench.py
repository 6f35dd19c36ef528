"""Measure the engine beside the other tools that this machine has.

Runs are interleaved, so that a busy machine slows all contestants alike; the
tables print medians, and ratios beside their goals.
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import commands
import mixes
import objects
import optional
import waveforms
from growth import svg
from inputs import Course

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
_HOW_TO_READ = (
    "Seconds are medians of interleaved runs; a ratio below 1 means that WaveFlow is "
    "faster, and one that misses its goal is bold. A limit is what decoding or copying "
    "alone takes."
)
BEGIN, END = "<!-- bench: make bench -->", "<!-- /bench -->"


def measured(course: Course) -> tuple[str, str]:
    """Run every race; return the tables and the plot."""
    began, load = time.monotonic(), os.getloadavg()[0]
    growth, points = waveforms.grown(course)
    tables = [
        waveforms.drawn_warm(course),
        waveforms.decoded(course),
        waveforms.drawn_on_one_core(course),
        commands.one_file(course),
        commands.many_files(course),
        mixes.mixed(course),
        mixes.loud(course),
        optional.beside(course),
        optional.everything(course),
        objects.hashed(course),
        objects.started(course),
        growth,
        "![Growth with length](benchmarks.svg)\n",
        mixes.crowded(course),
    ]
    command = "make bench QUICK=1" if course.quick else "make bench"
    minutes, after = (time.monotonic() - began) / 60, os.getloadavg()[0]
    lead = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `{command}` on {_machine()}.",
        f"It took {minutes:.0f} min, at a load average of {load:.1f} to {after:.1f}.",
        _HOW_TO_READ,
        f"Not installed here: {', '.join(course.missing()) or 'nothing'}.",
    ]
    return "\n".join([*lead, "", *tables]), svg(points)


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [line for line in lines if "model name" in line]
        model = names[0].split(":")[1].strip() if names else model
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, Python {platform.python_version()}"


def write(tables: str, plot: str) -> None:
    """Put the tables between their marks, and leave the rest of the page."""
    page = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        sys.exit(f"{DOCUMENT} has lost the marks between which the tables go.")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{tables}{END}{after}", encoding="utf-8")
    PLOT.write_text(plot, encoding="utf-8")


def main() -> None:
    """Measure, and write docs/benchmarks.md unless `--quick` is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="under a minute, prints only"
    )
    quick = parser.parse_args().quick
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(ROOT)
    # Without a cache of bytecode each child compiles every source file anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        tables, plot = measured(Course(Path(folder), quick=quick))
    print(tables)  # noqa: T201 - the command's output
    if not quick:
        write(tables, plot)


if __name__ == "__main__":
    main()
