"""Find the keys of labelled sounds, and print how many are right, wrong or refused.

Chorales of Bach are read by music21 and played by fluidsynth, in all keys and with
four instruments; espeak-ng speaks. Groups whose programs are absent are left out.
PYTHONPATH=tests .venv/bin/python tests/performance/keys.py
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
from support import notes
from support.corpus import FOUND
from waveflow.audio.listen.excerpt import read_excerpt
from waveflow.audio.listen.key import PITCHES, find_key

Sound = np.ndarray
Labelled = Iterator[tuple[str, str | None, Sound]]  # group, key, sound

FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
PROGRAMS = {"piano": 0, "organ": 19, "strings": 48, "choir": 52}
CHORALES = 263  # of 371
EVERY = 9  # chorales: one in so many is played
DRUM_DB = {"alone": None, "drums at -14 dB": -14, "drums at -6 dB": -6}
LONGEST = 30 * notes.RATE  # frames of a chorale
TICKS = 480  # MIDI ticks of a quarter note, half a second
DRUM_CHANNEL = 9
KITS = {
    "rock": ((36, 0), (42, 0), (42, 1), (38, 2), (42, 2), (42, 3)),
    "toms": ((36, 0), (50, 1), (47, 2), (45, 3), (41, 3)),
    "latin": ((36, 0), (56, 1), (62, 2), (63, 2), (64, 3), (70, 1)),
    "cymbals": ((49, 0), (51, 1), (51, 2), (53, 3)),
}
SPEECH = (
    "The quick brown fox jumps over the lazy dog, while seven singers wait in the "
    "hall and nobody has told them which of the songs they are going to sing first."
)
VOICES = ("en-gb", "en-us", "de", "fr-fr", "it", "ko", "ja", "es")
PITCH_OF_VOICE = (20, 50, 80)
FOUND_KEYS = {
    "brahms_gminor_30s.mp3": "G minor",
    "bach_fmajor_alone.mp3": "F major",
    "bach_fmajor_with_drums.mp3": "F major",
}


def made() -> Labelled:
    """Yield cadences and melodies of sums of sines in all keys."""
    pieces = {
        "major": (notes.MAJOR_CADENCE, notes.MAJOR_MELODY),
        "minor": (notes.MINOR_CADENCE, notes.MINOR_MELODY),
    }
    for mode, tonic in product(pieces, range(12)):
        for piece in pieces[mode]:
            sound = notes.chords(piece, tonic, seconds=8 / len(piece))
            yield from with_drums("made", f"{PITCHES[tonic]} {mode}", sound)


def with_drums(group: str, key: str, sound: Sound) -> Labelled:
    """Yield a sound alone and with drums, louder from one to the next."""
    drums = notes.drums(112, len(sound) / notes.RATE)[: len(sound)]
    scale = np.sqrt(np.mean(sound**2) / np.mean(drums**2))
    for how, level in DRUM_DB.items():
        share = 0 if level is None else 10 ** (level / 20) * scale
        yield f"{group}, {how}", key, (sound + share * drums).astype(np.float32)


def chorales(folder: Path) -> Labelled:
    """Yield Bach's chorales, each moved by another interval, as an ensemble plays."""
    from music21 import corpus

    for at in range(1, CHORALES, EVERY):
        score = next(corpus.chorales.Iterator(at, at + 1, returnType="stream"))
        key = key_of(score)
        if key is None:
            continue
        tonic, mode = key
        step = at // EVERY % 12 - 6
        name = list(PROGRAMS)[at // EVERY % len(PROGRAMS)]
        played = [
            (float(note.offset), float(note.quarterLength), pitch.midi + step)
            for note in score.flatten().notes
            for pitch in note.pitches
        ]
        sound = render(folder, played, program=PROGRAMS[name])[:LONGEST]
        label = f"{PITCHES[(tonic + step) % 12]} {mode}"
        yield from with_drums("chorales", label, sound)


def key_of(score: object) -> tuple[int, str] | None:
    """Return tonic and mode by key signature and last bass note, where both agree."""
    signature = score.recurse().getElementsByClass("KeySignature").first()
    last = score.parts[-1].recurse().notes.last().pitch.pitchClass
    major = signature.sharps * 7 % 12
    modes = {major: "major", (major + 9) % 12: "minor"}
    return (last, modes[last]) if last in modes else None


def render(
    folder: Path,
    played: list[tuple[float, float, int]],
    *,
    program: int = 0,
    channel: int = 0,
) -> Sound:
    """Return notes (start, length in quarters, pitch) as fluidsynth plays them."""
    events = [(0, bytes((0xC0 | channel, program)))]
    for start, length, pitch in played:
        on, off = round(start * TICKS), round((start + length) * TICKS) - 1
        events += [(on, bytes((0x90 | channel, pitch, 90)))]
        events += [(off, bytes((0x80 | channel, pitch, 0)))]
    track, now = bytearray(), 0
    for at, event in sorted(events):
        track += variable(at - now) + event
        now = at
    track += variable(TICKS) + b"\xff\x2f\x00"
    midi, wav = folder / "notes.mid", folder / "notes.wav"
    head = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01" + TICKS.to_bytes(2)
    midi.write_bytes(head + b"MTrk" + len(track).to_bytes(4) + track)
    run("fluidsynth", "-niq", "-r", "44100", "-F", wav, FONT, midi)
    return read_excerpt(wav)


def variable(number: int) -> bytes:
    """Return a number as MIDI writes times: seven bits a byte, the last without 128."""
    out = [number & 0x7F]
    while number := number >> 7:
        out.insert(0, number & 0x7F | 0x80)
    return bytes(out)


def run(*command: object) -> None:
    """Run a program that must succeed, and drop what the program prints."""
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def no_key(folder: Path) -> Labelled:
    """Yield sounds that no musician would give a key."""
    for bpm in (70, 90, 100, 112, 120, 128, 140, 174):
        yield "made drums", None, notes.drums(bpm, 20)
    yield from noises()
    if shutil.which("fluidsynth"):
        for hits, quarter in product(KITS.values(), (0.8, 1, 1.4)):
            played = [
                (quarter * (2 * bar + beat / 2), 0.2, note)
                for bar in range(20)
                for note, beat in hits
            ]
            yield "played drums", None, render(folder, played, channel=DRUM_CHANNEL)
    if shutil.which("espeak-ng"):
        for voice, pitch in product(VOICES, PITCH_OF_VOICE):
            wav = folder / "speech.wav"
            run("espeak-ng", "-v", voice, "-p", pitch, "-w", wav, SPEECH)
            yield "speech", None, read_excerpt(wav)


def noises() -> Labelled:
    """Yield white, pink and brown noise, each with four seeds."""
    for slope, seed in product((0, 0.5, 1), range(4)):
        white = np.random.default_rng(seed).standard_normal(20 * notes.RATE)
        spectrum = np.fft.rfft(white)
        spectrum /= np.maximum(np.arange(len(spectrum)), 20 * 20) ** slope
        noise = np.fft.irfft(spectrum)
        yield "noise", None, (0.1 * noise / noise.std()).astype(np.float32)


def found() -> Labelled:
    """Yield recordings whose keys are known from their scores."""
    for name, key in FOUND_KEYS.items():
        if (FOUND / name).exists():
            yield "recordings", key, read_excerpt(FOUND / name)


def everything(folder: Path) -> Labelled:
    """Yield every labelled sound that this machine can make."""
    yield from made()
    if shutil.which("fluidsynth") and find_spec("music21"):
        yield from chorales(folder)
    yield from found()
    yield from no_key(folder)


def main() -> None:
    """Print one row for each group of sounds."""
    counts: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for group, key, sound in everything(Path(folder)):
            answer = find_key(sound)
            row = counts.setdefault(group, [0, 0, 0])
            wrong = answer.value not in {key, None}
            row[1 if wrong else 2 if answer.value is None else 0] += 1
    sys.stdout.write("| sounds | right | wrong | no value |\n")
    sys.stdout.write("| --- | --- | --- | --- |\n")
    for group, (right, wrongly, none) in counts.items():
        sys.stdout.write(f"| {group} | {right} | {wrongly} | {none} |\n")


if __name__ == "__main__":
    main()
