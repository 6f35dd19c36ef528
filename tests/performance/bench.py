"""Measure the engine against whatever other tools this machine has.

Runs are interleaved, so that a busy machine slows all contestants alike; the
tables print medians of CPU seconds and their ratios.
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from contest import PYTHON, python, race, run, say, warm
from growth import svg
from programs import DRAW, MAKE, MIX, PYDUB_MIX, SEED_DRAW, SEED_MIX
from rows import cold_row, median, mix_row, waveform_row

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
ENCODERS = {
    "wav24": ["-c:a", "pcm_s24le", "-f", "wav"],
    "float": ["-c:a", "pcm_f32le", "-f", "wav"],
    "aiff": ["-f", "aiff"],
    "flac": ["-f", "flac"],
    "mp3": ["-b:a", "192k", "-f", "mp3"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "5", "-f", "ogg"],
    "opus": ["-c:a", "libopus", "-b:a", "128k", "-f", "ogg"],
    "m4a": ["-c:a", "aac", "-b:a", "192k", "-f", "ipod"],
}


class Bench:
    """One run over the inputs that fit the time."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.rounds = 1 if quick else 2
        tools = ("audiowaveform", "ffmpeg", "sox")
        self.tools = {name: shutil.which(name) for name in tools}
        self.modules = {
            name: not quick and self._importable(name) for name in ("librosa", "pydub")
        }
        self.lines: list[str] = []
        self.plot = ""

    def _importable(self, name: str) -> bool:
        probe = [PYTHON, "-c", f"import {name}"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0

    def input(self, seconds: int, kind: str = "wav") -> Path:
        """Make an input once."""
        path = self.folder / f"{seconds}.{kind}"
        if path.exists():
            return path
        say(f"making {path.name}")
        if kind == "wav":
            run([PYTHON, "-c", MAKE, str(seconds), path])
        else:
            source = self.input(seconds)
            run(
                [
                    self.tools["ffmpeg"],
                    "-v",
                    "error",
                    "-i",
                    source,
                    *ENCODERS[kind],
                    path,
                ]
            )
        return path

    def kinds(self) -> list[str]:
        """List the kinds that can be made here."""
        return ["wav", *ENCODERS] if self.tools["ffmpeg"] else ["wav"]

    def table(self, title: str, head: list[str], rows: list[list[str]]) -> None:
        """Write one table."""
        ruler = ["---"] * len(head)
        lines = ["| " + " | ".join(row) + " |" for row in (head, ruler, *rows)]
        self.lines += [f"## {title}", "", *lines, ""]

    def waveforms(self) -> None:
        """Race one file of each kind, in a warm process."""
        from waveflow.audio.peaks import draw

        seconds, rows = (5 if self.quick else 300), []
        for kind in self.kinds():
            path = self.input(seconds, kind)
            say(f"waveform {path.name}")
            contestants = {
                "one": lambda path=path: warm(lambda: draw(path, 4000, decoders=1)),
                "two": lambda path=path: warm(lambda: draw(path, 4000)),
                "aw": self._audiowaveform(path),
                "seed": self._seed(path),
            }
            given = {name: work for name, work in contestants.items() if work}
            rows.append([kind, *waveform_row(race(given, self.rounds))])
        head = ["file", "one thread, CPU", "two, wall", "audiowaveform, CPU"]
        head += [
            "CPU ratio",
            "wall, two : one",
            "wall ratio",
            "seed way, CPU",
            "faster",
        ]
        self.table(f"Waveform of {seconds} s, warm process", head, rows)

    def _audiowaveform(self, path: Path) -> Callable[[], tuple] | None:
        tool, forms = self.tools["audiowaveform"], {"wav24": "wav", "float": "wav"}
        form = forms.get(path.suffix[1:], path.suffix[1:])
        if not tool or form in ("m4a", "aiff"):
            return None
        out, zoom = self.folder / "a.dat", str(max(2, int(path.stem) * 44_100 // 4000))
        options = ["-q", "--input-format", form, "-i", path, "-o", out, "-b", "8"]
        return lambda: run([tool, *options, "-z", zoom])

    def _seed(self, path: Path) -> Callable[[], tuple] | None:
        if not self.modules["librosa"] or path.suffix == ".m4a":
            return None
        return lambda: run(python(SEED_DRAW, path))

    def growth(self) -> None:
        """Show how time and memory grow with length, in fresh processes."""
        lengths = [5, 30] if self.quick else [5, 30, 300, 3600]
        rows, points = [], []
        for kind in [
            kind for kind in ("wav", "flac", "mp3", "ogg") if kind in self.kinds()
        ]:
            for seconds in lengths:
                path = self.input(seconds, kind)
                say(f"growth {path.name}")
                ours = {"ours": lambda path=path: run(python(DRAW, path))}
                theirs = self._audiowaveform(path)
                given = ours | ({"aw": theirs} if theirs else {})
                costs = race(given, 1 if seconds > 1000 else self.rounds)
                points.append(
                    (
                        kind,
                        seconds,
                        median(costs["ours"].wall),
                        max(costs["ours"].megabytes),
                    )
                )
                rows.append([f"{kind}, {seconds} s", *cold_row(costs)])
        head = ["file", "ours, wall", "MB", "audiowaveform, wall", "MB", "wall ratio"]
        self.table("Waveform in a cold process", head, rows)
        self.plot = svg(points)

    def mixes(self) -> None:
        """Race mixes of stems, and show how they grow with their number."""
        seconds = 5 if self.quick else 300
        jobs = [
            (8, seconds, kind)
            for kind in ("wav", "flac", "mp3")
            if kind in self.kinds()
        ]
        jobs += [] if self.quick else [(4, 3600, "wav")]
        rows = [self._mix_row(*job) for job in jobs]
        head = ["stems", "ours, CPU", "wall", "MB", "ffmpeg amix, CPU", "CPU ratio"]
        head += ["sox -m, wall", "wall ratio", "seed way, CPU", "faster", "pydub, CPU"]
        self.table("Mix to mono 16-bit WAV, fresh processes", head, rows)
        counts = [1, 8] if self.quick else [1, 4, 16, 64]
        path, rows = self.input(5 if self.quick else 30), []
        for count in counts:
            say(f"mix of {count}")
            stems = self._copies(path, count)
            cost = race({"ours": lambda stems=stems: self._mix(stems)}, 2)["ours"]
            rows.append(
                [str(count), f"{median(cost.cpu):.2f}", f"{max(cost.megabytes):.0f}"]
            )
        self.table("Mix of more stems of 30 s", ["stems", "CPU", "MB"], rows)

    def _copies(self, path: Path, count: int) -> list[Path]:
        stems = [self.folder / f"{path.stem}-{n}{path.suffix}" for n in range(count)]
        for stem in stems:
            if not stem.exists():
                stem.hardlink_to(path)
        return stems

    def _mix(self, stems: list[Path], code: str = MIX) -> tuple[float, float, float]:
        return run(python(code, self.folder / "mix", *stems))

    def _mix_row(self, count: int, seconds: int, kind: str) -> list[str]:
        stems = self._copies(self.input(seconds, kind), count)
        say(f"mix of {count} x {seconds} s {kind}")
        out = self.folder / "other.wav"
        inputs = [part for stem in stems for part in ("-i", stem)]
        amix = ["-filter_complex", f"amix=inputs={count}", "-ac", "1", out]
        contestants = {"ours": lambda: self._mix(stems)}
        if self.tools["ffmpeg"]:
            command = [self.tools["ffmpeg"], "-y", "-v", "error", *inputs, *amix]
            contestants["ffmpeg"] = lambda: run(command)
        if self.tools["sox"]:
            sox = [self.tools["sox"], "-m", *stems, "-c", "1", out]
            contestants["sox"] = lambda: run(sox)
        if self.modules["librosa"] and seconds < 1000:
            contestants["seed"] = lambda: self._mix(stems, SEED_MIX)
        if self.modules["pydub"] and seconds < 1000:
            contestants["pydub"] = lambda: self._mix(stems, PYDUB_MIX)
        costs = race(contestants, 1 if seconds > 1000 or self.quick else 3)
        return [f"{count} x {seconds} s {kind}", *mix_row(costs)]

    def hashes(self) -> None:
        """Compare hashing a stream with hashing memory."""
        import hashlib

        path = self.input(30 if self.quick else 300)
        data = path.read_bytes()

        def stream(size: int) -> None:
            digest = hashlib.sha256()
            with path.open("rb", buffering=0) as file:
                while block := file.read(size):
                    digest.update(block)

        contestants = {
            "SHA-256 in memory": lambda: warm(lambda: hashlib.sha256(data).digest()),
            "blocks of 1 MiB": lambda: warm(lambda: stream(1 << 20)),
            "blocks of 8 KiB (seed way)": lambda: warm(lambda: stream(8192)),
        }
        costs = race(contestants, self.rounds)
        limit = median(costs["SHA-256 in memory"].cpu)
        rows = [
            [name, f"{median(cost.cpu):.3f}", f"{median(cost.cpu) / limit:.2f}"]
            for name, cost in costs.items()
        ]
        self.table("Hash of a file in the page cache", ["way", "CPU", "ratio"], rows)

    def document(self) -> str:
        """Write all tables, with machine, command and what was missing."""
        missing = [name for name, path in self.tools.items() if not path]
        missing += [name for name, there in self.modules.items() if not there]
        command = "make bench QUICK=1" if self.quick else "make bench"
        lead = [
            "# Benchmarks",
            "",
            f"Made by `{command}` on {_machine()}.",
            "Seconds are medians of interleaved runs.",
            "A ratio below 1 means that WaveFlow is faster.",
            f"Not installed here: {', '.join(missing) or 'nothing'}.",
            "",
        ]
        plot = ["![Growth with length](benchmarks.svg)", ""] if self.plot else []
        return "\n".join([*lead, *self.lines, *plot])


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0].split(":")[1].strip() if names else model
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{model}, {cores} cores, Python {platform.python_version()}, "
        f"load average {load:.1f} at the end"
    )


def main() -> None:
    """Measure, and write docs/benchmarks.md unless quick."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="under a minute, prints only"
    )
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), quick=arguments.quick)
        for part in (bench.waveforms, bench.mixes, bench.hashes, bench.growth):
            part()
        document = bench.document()
    print(document)  # noqa: T201
    if not arguments.quick:
        DOCUMENT.write_text(document, encoding="utf-8")
        PLOT.write_text(bench.plot, encoding="utf-8")


if __name__ == "__main__":
    main()
