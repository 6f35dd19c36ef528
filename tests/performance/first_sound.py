"""Measure the time from play to the first sound of a stem, in Chromium on a slow line.

Nothing of the stem is loaded before play; the page of `waveflow up` loads the
beginning with the list. Needs Node and Chromium.
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
HEARD_S = 10


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
        rows[each["line"], each["kind"]].append((each["started"], each["played"]))
    out = sys.stdout.write
    out(f"| line | file | first sound after, s | heard in the next {HEARD_S} s |\n")
    out("| --- | --- | ---: | ---: |\n")
    for (line, kind), found in rows.items():
        started, played = (
            statistics.median(column) for column in zip(*found, strict=True)
        )
        out(f"| {line}, 150 ms | {kind} | {started / 1000:.2f} | {played:.1f} s |\n")


if __name__ == "__main__":
    main()
