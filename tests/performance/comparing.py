"""Compare edits of many recordings, and print what was found as Markdown.

Half of the material set the thresholds; the other half was kept aside for ADR 95.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from support import version_cases, versions
from support.corpus import FOLDER, FOUND
from support.version_cases import Case
from support.versions import RATE, Audio
from waveflow.audio import codec
from waveflow.audio.compare.engine import compare
from waveflow.audio.compare.report import PairReport

TUNED = {
    "song 1": 1,
    "song 2": 2,
    "song 3": 3,
    "brahms": FOUND / "brahms_gminor_30s.mp3",
    "bach": FOUND / "bach_fmajor_alone.mp3",
    "sample": FOLDER / "peaks-js/sample.ogg",
    "07023003": FOLDER / "peaks-js/07023003.mp3",
    "test1": FOLDER / "pydub/test1-8bit.wav",
    "flac 54": next(FOLDER.glob("ietf-flac/subset__54*"), FOLDER),
}
KEPT = {
    "spoken": FOLDER / "audiowaveform/test_file_stereo.wav",
    "test-1": FOLDER / "audioread/test-1.mp3",
    "bach, drums": FOUND / "bach_fmajor_with_drums.mp3",
    "song 4": 4,
    "song 6": 6,
}
LOSSY = {
    "MP3 128": ("mp3", ["lame", "--quiet", "-b", "128"]),
    "MP3 320": ("mp3", ["lame", "--quiet", "-b", "320"]),
    "Opus 96": ("opus", ["ffmpeg", "-v", "error", "-y", "-b:a", "96k"]),
    "AAC 128": ("m4a", ["ffmpeg", "-v", "error", "-y", "-b:a", "128k"]),
}


def main() -> None:
    """Print one table for each half of the material."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=16, help="of each recording")
    parser.add_argument("--only", nargs="*", help="names of recordings")
    given = parser.parse_args()
    for title, material in (("kept aside", KEPT), ("tuned on", TUNED)):
        _say(f"\n## {title}\n")
        _say("| recording | difference | found | as it should | CPU s |")
        _say("| --- | --- | --- | --- | ---: |")
        names = [each for each in material if each in (given.only or material)]
        rows = [row for name in names for row in _rows(name, material, given)]
        _say(f"\n{sum(rows)} of {len(rows)} as they should")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _rows(name: str, material: dict, given: argparse.Namespace) -> Iterator[bool]:
    other = versions.song(90, seconds=max(given.seconds, 16))
    source = material[name]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if isinstance(source, int):
            song = versions.song(source, seconds=given.seconds)
            yield from _compared(name, version_cases.of_song(song, other), folder)
            for stem in ("voice", "drums", "bass", "chords"):
                audio = getattr(song, stem)
                yield from _copied(f"{name}, {stem}", audio, folder)
            audio = song.mix()
        else:
            audio = _decoded(source)[: round(given.seconds * RATE)]
        passage = other.mix()[: 6 * RATE, : audio.shape[1]]
        cases = version_cases.of_recording(audio, passage)
        yield from _compared(name, cases, folder)
        yield from _copied(name, audio, folder)


def _decoded(path: Path) -> Audio:
    stream = codec.open_audio(path)
    audio = np.concatenate([each.planar.T for each in codec.decode(stream)])
    return versions.at_rate(audio, RATE, source=stream.sample_rate)


def _compared(name: str, cases: Iterator[Case], folder: Path) -> Iterator[bool]:
    for case in cases:
        before = versions.write(folder / "before.wav", case.before)
        after = versions.write(folder / "after.wav", case.after, rate=case.rate)
        yield _row(name, case, before, after)


def _copied(name: str, audio: Audio, folder: Path) -> Iterator[bool]:
    before = versions.write(folder / "before.wav", audio, subtype="PCM_16")
    for label, (ending, command) in LOSSY.items():
        after = folder / f"after.{ending}"
        source = [before, after] if command[0] == "lame" else ["-i", before]
        rest = [] if command[0] == "lame" else [after]
        first, *options = command
        words = [first, *options, *source, *rest]
        if rest:  # FFmpeg's options of the output stand behind the input
            words = [first, *options[:3], *source, *options[3:], *rest]
        subprocess.run(words, check=True)
        yield _row(name, Case(label, audio, audio, "alike", regions=[]), before, after)


def _row(name: str, case: Case, before: Path, after: Path) -> bool:
    started = time.process_time()
    report = compare(before, after, folder=before.parent, num_peaks=1)
    spent = time.process_time() - started
    good = not version_cases.faults(case, report)
    words = "; ".join(version_cases.faults(case, report)) or "yes"
    _say(f"| {name} | {case.name} | {_found(report)} | {words} | {spent:.2f} |")
    return good


def _found(report: PairReport) -> str:
    if report.status not in ("alike", "changed"):
        return report.status
    regions = [f"{each.start:.1f}-{each.end:.1f}" for each in report.regions[:3]]
    parts = [
        report.status,
        f"offset {report.offset_ms} ms",
        f"gain {report.gain_db} dB",
        f"residual {report.residual_db} dB",
        f"{len(report.matches)} matches",
        f"{len(report.regions)} regions {' '.join(regions)}".strip(),
    ]
    return ", ".join(parts)


if __name__ == "__main__":
    main()
