"""Make the audio file of a mix from fetched stems: a classic mix, or a sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msgspec import UNSET, UnsetType

from waveflow.audio.mix.classic import SAMPLE_BYTES, mix
from waveflow.audio.mix.render import Rendered, render
from waveflow.audio.mix.settings import (
    LoudnessTarget,
    MixFormat,
    MixSettings,
    StemSettings,
    StemSource,
)
from waveflow.audio.mix.summing import StemSum, sum_stems
from waveflow.audio.mix.total import SUM_BYTES
from waveflow.audio.stream import Listener, Stream
from waveflow.audio.waveform.draw import Waveform
from waveflow.events.messages import MixMessage
from waveflow.events.mix_options import (
    MixFacts,
    MixOptions,
    MixSuffix,
    StemFacts,
    StemOptions,
)
from waveflow.stages._fetch import discard

MUTED = StemFacts(muted=True, duration=None, peak=None, warnings=[])

STEM_FRAME_BYTES = 4  # of two channels of 16 bits
MAX_WARNING_BYTES = 1 << 16  # a state of the machine holds 262,144 bytes


class Listen(Protocol):
    """Make the listeners of a mix: each takes the written samples once, in order."""

    def __call__(
        self, stream: Stream, source: Path, *, reserved_bytes: int = 0
    ) -> Sequence[Listener[object]]:
        """Return the listeners of a mixed file that takes `reserved_bytes` of disk."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MixFile:
    """Describe a mixed file on the disk, and the facts that the webhook has of it.

    Parameters
    ----------
    warnings
        Codes of the mix; of a classic mix also its stems' codes, as CODE:path.
    """

    path: Path
    suffix: MixSuffix
    waveform: Waveform
    audio_hash: str
    warnings: tuple[str, ...]
    mix: MixFacts | UnsetType = UNSET
    stems: list[StemFacts] | UnsetType = UNSET


def bounded_warnings(warnings: Sequence[str]) -> tuple[str, ...]:
    """Return warnings as CODE:path, or bare codes where the paths fit no state."""
    size = sum(len(warning.encode()) for warning in warnings)
    if size <= MAX_WARNING_BYTES:
        return tuple(warnings)
    return tuple(sorted({warning.partition(":")[0] for warning in warnings}))


def audible_paths(message: MixMessage) -> list[str]:
    """Return the keys of the stems that are not muted, in the message's order."""
    muted = {stem.path for stem in message.stems or () if stem.mute}
    return [path for path in message.stem_paths if path not in muted]


def needed_bytes(message: MixMessage, sizes: Sequence[int]) -> int:
    """Estimate the bytes of disk for a mix of stems, each as 16-bit stereo.

    Stems are removed before the file of a sum is written, so that the larger counts.
    """
    frames = max(sizes) // STEM_FRAME_BYTES
    if message.is_classic:
        return sum(sizes) + frames * (SUM_BYTES + SAMPLE_BYTES)
    settings = _settings(message.mix or MixOptions())
    total = frames * settings.channels * SUM_BYTES
    return total + max(sum(sizes), frames * settings.frame_bytes)


def mix_file(
    message: MixMessage, stems: Mapping[str, Path], *, deadline: float, listen: Listen
) -> MixFile:
    """Mix fetched stems into a file in the stems' folder.

    Parameters
    ----------
    stems
        The file of each stem that is not muted, by its key; a sum removes the files.
    deadline
        A value of `time.monotonic()` to end by.
    """
    folder = next(iter(stems.values())).parent
    if not message.is_classic:
        return _sum(message, stems, folder, deadline=deadline, listen=listen)
    out = folder / "mix.wav"
    classic = mix(
        list(stems.values()),
        out,
        names=list(stems),
        deadline=deadline,
        listen=lambda stream: listen(
            stream, out, reserved_bytes=SAMPLE_BYTES * stream.frames
        ),
    )
    return MixFile(
        path=out,
        suffix="wav",
        waveform=classic.waveform,
        audio_hash=classic.audio_hash,
        warnings=bounded_warnings(classic.warnings),
    )


def _sum(
    message: MixMessage,
    stems: Mapping[str, Path],
    folder: Path,
    *,
    deadline: float,
    listen: Listen,
) -> MixFile:
    options = message.mix or MixOptions()
    settings, out = _settings(options), folder / f"mix.{options.suffix}"
    sources = _sources(message, stems)
    with sum_stems(sources, settings, folder, deadline=deadline) as total:
        for path in stems.values():
            discard(path)  # makes room for the result
        rendered = render(
            total,
            out,
            settings,
            deadline=deadline,
            listen=lambda stream: listen(
                stream, out, reserved_bytes=settings.frame_bytes * stream.frames
            ),
        )
    return MixFile(
        path=out,
        suffix=options.suffix,
        waveform=rendered.waveform,
        audio_hash=rendered.audio_hash,
        warnings=rendered.warnings,
        mix=_mix_facts(options, rendered),
        stems=_stem_facts(message, stems, total),
    )


def _settings(options: MixOptions) -> MixSettings:
    target = options.loudness or None
    return MixSettings(
        channels=options.channels,
        format=MixFormat(options.format),
        sample_rate=options.sample_rate,
        loudness=target and LoudnessTarget(target.integrated, target.true_peak),
    )


def _sources(message: MixMessage, stems: Mapping[str, Path]) -> list[StemSource]:
    options = {stem.path: stem for stem in message.stems or ()}
    return [
        StemSource(path, key, _stem_settings(options.get(key)))
        for key, path in stems.items()
    ]


def _stem_settings(options: StemOptions | None) -> StemSettings:
    if options is None:
        return StemSettings()
    return StemSettings(
        gain_db=options.gain_db,
        pan=None if options.pan is UNSET else options.pan,
        invert=options.invert,
        offset_ms=options.offset_ms,
    )


def _mix_facts(options: MixOptions, rendered: Rendered) -> MixFacts:
    return MixFacts(
        channels=options.channels,
        format=options.format,
        sample_rate=rendered.waveform.sample_rate,
        loudness_target=options.loudness or None,
        applied_gain_db=rendered.applied_gain_db,
        limiter_db=rendered.limiter_db,
        loudness=rendered.loudness,
    )


def _stem_facts(
    message: MixMessage, stems: Mapping[str, Path], total: StemSum
) -> list[StemFacts]:
    """Return the facts of each stem for the webhook, in the order of `stem_paths`."""
    found = dict(zip(stems, total.stems, strict=True))
    return [
        StemFacts(
            muted=False,
            duration=round(found[path].duration, 6),
            peak=round(found[path].peak, 6),
            warnings=list(found[path].warnings),
        )
        if path in found
        else MUTED
        for path in message.stem_paths
    ]
