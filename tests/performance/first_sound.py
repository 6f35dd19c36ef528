"""Measure the time from play to the first sound of a stem, in Chromium on a slow line.

The first figure has nothing of the stem loaded before play; the second is that of a
list, which has shown the stem for three seconds with `preload="metadata"`.
Needs Node and Chromium.
PYTHONPATH=tests .venv/bin/python tests/performance/first_sound.py
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from support.console import OUTPUTS, ROOT, chromium, console, run_job, write_stem
from support.node import built

KINDS = {"Opus": "preview/{}/opus", "MP3": "preview/{}/mp3", "WAV": "audio/{}"}


def main() -> None:
    """Print one row of a table for each line and kind of file."""
    with tempfile.TemporaryDirectory() as name, console(Path(name)) as url:
        write_stem(Path(name, "stem.wav"))
        job = run_job(url, Path(name, "stem.wav"), **OUTPUTS)
        sounds = [
            f"{kind}={url}tokens/analysis-{path.format(job.job_id)}"
            for kind, path in KINDS.items()
        ]
        walk = Path(__file__).with_suffix(".mjs")
        places = [built(ROOT / "local/page"), chromium(), f"{url}page/style.css"]
        command = ["node", walk, *places, *sounds]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    print_rows([json.loads(line) for line in ran.stdout.splitlines()])


def print_rows(seen: list[dict[str, object]]) -> None:
    """Print the medians of all rounds."""
    rows = defaultdict(list)
    for each in seen:
        figures = (each["cold"], each["shown"], each["played"])
        rows[each["line"], each["kind"]].append(figures)
    out = sys.stdout.write
    out("| line, 150 ms | file | nothing loaded, s | in a list, s | heard of 10 s |\n")
    out("| --- | --- | ---: | ---: | ---: |\n")
    for (line, kind), found in rows.items():
        columns = zip(*found, strict=True)
        cold, shown, played = (statistics.median(column) for column in columns)
        cold, shown = cold / 1000, shown / 1000
        out(f"| {line} | {kind} | {cold:.2f} | {shown:.2f} | {played:.1f} |\n")


if __name__ == "__main__":
    main()
