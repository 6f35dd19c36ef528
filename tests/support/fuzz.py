"""Draw damaged audio files, as `make fuzz` does, and count the outcomes.

Files are damaged at random bytes, or put together wrongly from whole parts; of the
latter FFmpeg says the length, and a shorter drawing without a warning is a find.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from waveflow.audio.waveform.draw import draw, waveform_document
from waveflow.errors import WaveflowError

from support import corpus
from support.grammar import malformed
from support.judge import sounding_seconds
from support.simulation.traffic import tiny_wav

SLOW_S = 10.0
HUNG_S = 30.0
LARGE_MB = 400
BASE_BYTES = 400_000  # larger files find nothing more
BATCH = 500
WORKERS = 2
SLACK_FRAMES = 4_608  # two MP3 frames of padding and two of a decoder's delay
STARTS = (b"RIFF", b"fLaC", b"OggS", b"ID3\x04", b"FORM", b"\xff\xfb\x90\x64")


@dataclass
class Outcomes:
    """Counts of drawn, refused and broken files, with the slowest and the largest."""

    kinds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_mb: int = 0

    def __str__(self) -> str:
        """Return the outcomes as text."""
        lines = [f"{sum(self.kinds.values())} files"]
        lines += [f"  {count:7} {kind}" for kind, count in self.kinds.most_common()]
        lines.append(f"slowest {self.slowest_s:.2f} s, peak {self.peak_mb} MB")
        lines.append(f"broken: {len(self.broken)}")
        return "\n".join([*lines, *self.broken[:20]])


@lru_cache(maxsize=1)
def bases() -> list[bytes]:
    """Return the files to damage: the small files of the corpus, or eight tiny WAVs."""
    paths = [corpus.FOLDER / row["file"] for row in corpus.rows()]
    found = [p for p in paths if p.is_file() and p.stat().st_size <= BASE_BYTES]
    return [p.read_bytes() for p in found] or [tiny_wav(n) for n in range(8)]


def damaged(seed: int) -> bytes:
    """Return the damaged file of a seed."""
    random = Random(seed)  # noqa: S311 - a seed repeats its file
    data = bytearray(random.choice(bases()))
    for _ in range(random.randint(1, 4)):
        _damage(data, random)
    return bytes(data)


def _damage(data: bytearray, random: Random) -> None:
    near = min(len(data), random.choice((64, 512, 1 << 30)))
    at = random.randrange(near) if near else 0
    match random.randrange(20) // 3:
        case 0:
            data[at : at + 1] = bytes([random.randrange(256)])
        case 1:
            data[at : at + 4] = random.choice((b"\xff" * 4, bytes(4), b"\x7f\xff" * 2))
        case 2:
            del data[at:]
        case 3:
            del data[at : at + random.randrange(1, 5000)]
        case 4:
            data[at:at] = random.randbytes(random.randrange(1, 200))
        case 5:
            other = random.choice(bases())
            start = random.randrange(len(other)) if other else 0
            data[at : at + 4096] = other[start : start + 4096]
        case _:
            data[:4] = random.choice(STARTS)


def structured(seed: int) -> bytes:
    """Return a seed's file, made of the parts of one file of the corpus."""
    random = Random(seed)  # noqa: S311 - a seed repeats its file
    return malformed(random.choice(bases()), random)


MAKERS = {"bytes": damaged, "structured": structured}


def outcome(path: Path, num_peaks: int, *, judged: bool = False) -> str:
    """Draw a file; return "drawn" after a strict reading, or the error's code.

    A drawing that is judged, has no warning and is shorter than what FFmpeg decodes is
    "cut in silence".
    """
    try:
        waveform = draw(path, num_peaks, deadline=time.monotonic() + SLOW_S)
    except WaveflowError as exc:
        return exc.code
    document = waveform_document(waveform, audio_hash="0" * 64, created_at="now")
    read = json.loads(document, parse_constant=_refuse)
    peaks = read["peaks"]
    assert len(peaks) == read["num_peaks"] == num_peaks
    assert all(0 <= value <= 1 for value in peaks)
    assert len(read["data"]) == 2 * read["length"] <= 2 * num_peaks
    if judged and not waveform.warnings:
        missing = sounding_seconds(path) - waveform.duration
        if missing * waveform.sample_rate > SLACK_FRAMES:
            return f"cut in silence, {missing:.2f} s"
    return "drawn"


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def work(pipe: Connection, kind: str, first: int, last: int) -> None:
    """Draw the files of a range of seeds, and send each outcome through the pipe."""
    make, judged = MAKERS[kind], kind == "structured"
    with tempfile.TemporaryDirectory(prefix="waveflow-fuzz-") as folder:
        path = Path(folder) / "file"
        for seed in range(first, last):
            path.write_bytes(make(seed))
            began = time.process_time()
            try:
                found = outcome(path, 1 + seed % 64, judged=judged)
            except Exception as exc:  # noqa: BLE001 - untyped errors are the find
                found = f"untyped {type(exc).__name__}"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            pipe.send((seed, found, time.process_time() - began, peak))
    pipe.send(None)


def run_range(kind: str, first: int, last: int, outcomes: Outcomes) -> None:
    """Run workers until a range of seeds is done; replace a worker that died."""
    context = multiprocessing.get_context("fork")
    while first < last:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(
            target=work, args=(theirs, kind, first, last), daemon=True
        )
        worker.start()
        theirs.close()
        first = _watch(ours, first, last, outcomes)
        worker.kill()
        worker.join()


def _watch(pipe: Connection, at: int, last: int, outcomes: Outcomes) -> int:
    while True:
        if not pipe.poll(HUNG_S):
            outcomes.kinds["hung"] += 1
            outcomes.broken.append(f"seed {at} hung")
            return at + 1
        try:
            said = pipe.recv()
        except EOFError:
            outcomes.kinds["died"] += 1
            outcomes.broken.append(f"seed {at} killed its worker")
            return at + 1
        if said is None:
            return last
        _note(said, outcomes)
        at = said[0] + 1


def _note(said: tuple[int, str, float, int], outcomes: Outcomes) -> None:
    seed, kind, seconds, peak = said
    outcomes.kinds[kind.partition(",")[0]] += 1
    outcomes.slowest_s = max(outcomes.slowest_s, seconds)
    outcomes.peak_mb = max(outcomes.peak_mb, peak)
    if kind.startswith(("untyped", "cut")) or seconds > SLOW_S or peak > LARGE_MB:
        outcomes.broken.append(f"seed {seed}: {kind}, {seconds:.1f} s, {peak} MB")


def fuzz(count: int, first: int = 0, *, kind: str = "bytes") -> Outcomes:
    """Draw `count` damaged files in two workers at a time."""
    outcomes = Outcomes()
    bases()
    ranges = range(first, first + count, BATCH)
    with ThreadPoolExecutor(WORKERS) as pool:
        ends = [min(at + BATCH, first + count) for at in ranges]
        list(pool.map(lambda a, b: run_range(kind, a, b, outcomes), ranges, ends))
    return outcomes


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kind", choices=MAKERS, default="bytes")
    given = parser.parse_args()
    began = time.monotonic()
    outcomes = fuzz(given.count, given.first, kind=given.kind)
    sys.stdout.write(f"{outcomes}\nin {time.monotonic() - began:.0f} s\n")
    return 1 if outcomes.broken else 0


if __name__ == "__main__":
    sys.exit(main())
