"""Decode one version of a pair once: facts, identity, and channels on the disk."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.compare.allowance import Allowance
from waveflow.audio.compare.report import VersionFacts
from waveflow.audio.compare.scratch import Channels
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.resample import resample
from waveflow.audio.stream import Block, Listener, Samples, Stream
from waveflow.errors import WaveflowError

SEARCH_RATE = 8_000  # Hz, of the search for offsets
HIGHEST_RATE = 32_000  # Hz: no rule looks above 14,000 Hz
LOUDEST = np.float32(1e6)  # squares of spectra stay finite in float32


@dataclass(frozen=True, slots=True)
class Form:
    """Fix the form in which both versions of a pair are kept.

    Parameters
    ----------
    sample_rate
        In Hz: the lower one of both versions, at most HIGHEST_RATE.
    is_folded
        Whether channels are averaged: their counts differ, and neither is one.
    """

    sample_rate: int
    is_folded: bool

    @classmethod
    def of(cls, before: Stream, after: Stream) -> "Form":
        """Return the common form of two opened files."""
        rates = (before.sample_rate, after.sample_rate, HIGHEST_RATE)
        counts = {before.channels, after.channels}
        return cls(min(rates), is_folded=len(counts) > 1 and 1 not in counts)

    @property
    def search_rate(self) -> int:
        """Return the sample rate in Hz at which offsets are searched."""
        return min(self.sample_rate, SEARCH_RATE)


@dataclass(frozen=True, slots=True)
class Version:
    """Hold one decoded version: its facts, its identity, and its kept channels.

    Parameters
    ----------
    audio_id
        None where the sound is not known for certain.
    full, coarse
        The channels at the form's sample rate and at its search rate.
    """

    facts: VersionFacts
    audio_id: str | None
    full: Channels
    coarse: Channels

    def is_same_as(self, other: "Version") -> bool:
        """Tell whether both have one identity and play the same samples.

        Equal packets are trimmed by what the file says around them: an MP3 without
        its LAME tag plays them 25 ms later.
        """
        has_one = self.audio_id is not None and self.audio_id == other.audio_id
        return has_one and (not self.is_lossy or self.full.equals(other.full))

    @property
    def is_lossy(self) -> bool:
        """Tell whether the file holds MP3, Vorbis, Opus or AAC."""
        return self.audio_id is not None and self.audio_id.startswith("pkt1:")


class _Count:
    """Count decoded frames, and take them off the allowance."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._frames = 0

    def add(self, block: Block) -> None:
        """Count the frames of one block."""
        frames, channels = block.decoded.shape
        self._allowance.spend(frames, channels=channels, sample_rate=block.sample_rate)
        self._frames += frames

    def finish(self) -> int:
        """Return the number of frames."""
        return self._frames


@dataclass(frozen=True, slots=True)
class Source:
    """Name an opened file, and the limits of decoding it."""

    path: Path
    stream: Stream
    allowance: Allowance
    deadline: float | None = None  # a value of `time.monotonic()`

    @classmethod
    def open(
        cls, path: Path, *, allowance: Allowance, deadline: float | None
    ) -> "Source":
        """Open an audio file to be compared."""
        return cls(path, codec.open_audio(path), allowance, deadline)


def read_facts(source: Source) -> VersionFacts:
    """Decode a version of which nothing but the facts is asked."""
    count, meter = _listeners(source)
    codec.decode_into(source.stream, [count, meter], deadline=source.deadline)
    return _facts(source, count.finish(), meter)


def read_version(
    source: Source, form: Form, *, folder: Path, stack: ExitStack
) -> Version:
    """Decode a version once, and keep its channels in scratch files.

    Parameters
    ----------
    folder
        Takes the scratch files.
    stack
        Its end closes the scratch files.

    Raises
    ------
    AudioTooLongError
        The allowance is used up.
    """
    stream = source.stream
    channels = 1 if form.is_folded else stream.channels

    def scratch(sample_rate: int) -> Channels:
        return Channels(
            folder,
            sample_rate=sample_rate,
            channels=channels,
            stack=stack,
            deadline=source.deadline,
        )

    count, meter = _listeners(source)
    identity = Guard(lambda _: AudioIdentity(stream, source.path), Budget())
    samples = _samples(source, [count, meter, identity], is_folded=form.is_folded)
    full = scratch(form.sample_rate)
    pieces = _kept(_at(samples, stream.sample_rate, full), full)
    coarse = full
    if form.search_rate != form.sample_rate:
        coarse = scratch(form.search_rate)
        pieces = _kept(_at(pieces, form.sample_rate, coarse), coarse)
    for _ in pieces:
        pass
    facts = _facts(source, count.finish(), meter)
    return Version(facts, _identity(identity), full, coarse)


def _listeners(source: Source) -> tuple[_Count, LoudnessMeter]:
    stream = source.stream
    meter = LoudnessMeter(stream.sample_rate, stream.channels)
    return _Count(source.allowance), meter


def _facts(source: Source, frames: int, meter: LoudnessMeter) -> VersionFacts:
    stream = source.stream
    source.allowance.warnings |= stream.warnings
    return VersionFacts(
        duration=round(frames / stream.sample_rate, 6),
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        integrated=meter.finish().integrated,
    )


def _identity(identity: Guard[str | None]) -> str | None:
    try:
        return identity.finish()
    except WaveflowError:
        return None


def _samples(
    source: Source, listeners: Sequence[Listener[object]], *, is_folded: bool
) -> Iterator[Samples]:
    """Yield decoded samples as bounded floats, shape (frames, channels)."""
    for block in codec.decode(source.stream, deadline=source.deadline):
        for listener in listeners:
            listener.add(block)
        planar = np.clip(block.planar, -LOUDEST, LOUDEST)
        if is_folded:
            planar = planar.mean(axis=0, keepdims=True)
        yield planar.T


def _at(samples: Iterator[Samples], rate: int, kept: Channels) -> Iterator[Samples]:
    """Convert samples to the sample rate of the channels that keep them."""
    if rate == kept.sample_rate:
        return samples
    return resample(samples, kept.count, rate=rate, to=kept.sample_rate)


def _kept(samples: Iterator[Samples], channels: Channels) -> Iterator[Samples]:
    """Yield samples after they were written to their channels."""
    for piece in samples:
        channels.append(_floats(piece))
        yield piece


def _floats(samples: Samples) -> NDArray[np.float32]:
    return np.asarray(samples, np.float32)
