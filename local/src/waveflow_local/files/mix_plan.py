"""Read stems and options of a mix from the command line, by the rules of messages."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec
import msgspec.inspect
from waveflow.events.fields import StemPaths
from waveflow.events.mix_options import (
    MIX_SUFFIXES,
    Ceiling,
    Gain,
    Loud,
    MixChannels,
    MixFormat,
    MixOptions,
    MixRate,
    Offset,
    Pan,
    StemOptions,
    conflicting_mix_options,
)

from waveflow_local.files.streams import format_of, is_stdin, path_of
from waveflow_local.paths import LocalError, UsageMistakeError

_FLAGS = ("mute", "invert")
# Options of a stem with a value: the text around the value, the member of a message,
# and the values that the member may have.
_VALUES: tuple[tuple[re.Pattern[str], str, object], ...] = (
    (re.compile(r"([^=]+)dB", re.IGNORECASE), "gain_db", Gain),
    (re.compile(r"pan=(.*)"), "pan", Pan),
    (re.compile(r"offset=(.*)ms"), "offset_ms", Offset),
)
_SYNTAX = "-3dB, pan=-0.2, offset=12ms, invert or mute"
_OF_A_STEM = re.compile(r"stems\[(\d+)\]\.(.*)")
_SHORT_NUMBER = re.compile(r"(?:\+|(-)|)(\.?)(\d.*)")
_DEFAULT_BITS = MixOptions().format.removeprefix("wav")


@dataclass(frozen=True)
class StemChoice:
    """Hold the word of the command line for one stem, the stem's file and options."""

    word: str
    path: Path
    options: StemOptions
    has_options: bool = False


@dataclass(frozen=True)
class MixPlan:
    """Hold the stems of a mix, each with its options, and the options of the mix."""

    stems: Sequence[StemChoice]
    options: MixOptions


def read_stems(words: Sequence[str]) -> list[StemChoice]:
    """Return the stems of words such as `drums.wav@-3dB,invert`.

    Names of files may hold `@`: an existing file whose name is the whole word is the
    stem, without options. More stems than a message may name are refused.
    """
    numbers = [str(number) for number in range(len(words))]
    try:
        msgspec.convert(numbers, StemPaths)
    except msgspec.ValidationError as exc:
        raise UsageMistakeError(f"{len(words)} stems are too many for a mix.") from exc
    # A message names each stem once; on the command line a file may come twice.
    return [_read_stem(*stem) for stem in zip(words, numbers, strict=True)]


def read_plan(
    stems: Sequence[StemChoice], out: Path, settings: Mapping[str, str | None]
) -> MixPlan:
    """Return the plan of a mix; refuse options for which a message would be refused.

    Parameters
    ----------
    out
        The ending `.wav` or `.flac` decides the format.
    settings
        Texts of `channels`, `bits`, `rate`, `loudness`, `true_peak` and `form`; None
        where an option is not given.
    """
    options = msgspec.convert(dict(_members(out, settings)), MixOptions)
    values = {
        "mix": msgspec.to_builtins(options),
        "stems": [msgspec.to_builtins(stem.options) for stem in stems],
        "stem_paths": [stem.options.path for stem in stems],
    }
    for conflict in conflicting_mix_options(values):
        raise UsageMistakeError(
            f"Options do not fit together: {_in_words(conflict, stems)}."
        )
    return MixPlan(stems, options)


def _read_stem(word: str, name: str) -> StemChoice:
    path, _, options = word.rpartition("@")
    if not path or os.sep in options or os.path.lexists(word):
        return StemChoice(word, path_of(word), StemOptions(path=name))
    try:
        members = _stem_members(options)
    except LocalError as exc:
        if not is_stdin(Path(path)) and not os.path.lexists(path):
            raise LocalError(f"There is no file {word}.") from exc
        raise UsageMistakeError(f"{word}: {exc}") from exc
    chosen = StemOptions(path=name, **members)
    return StemChoice(word, path_of(path), chosen, has_options=True)


def _stem_members(options: str) -> dict[str, Any]:
    """Return the members of a message's stem for options such as `-3dB,invert`."""
    members: dict[str, Any] = {}
    for option in options.split(","):
        member, value = _stem_member(option)
        if member in members:
            raise UsageMistakeError(f"{option!r} comes after another {member}.")
        members[member] = value
    return members


def _stem_member(option: str) -> tuple[str, Any]:
    if option in _FLAGS:
        return option, True
    for pattern, member, values in _VALUES:
        if found := pattern.fullmatch(option):
            return member, _value(found[1], values, name=member)
    raise UsageMistakeError(f"{option!r} is none of {_SYNTAX}.")


def _members(
    out: Path, settings: Mapping[str, str | None]
) -> Iterator[tuple[str, Any]]:
    """Yield the members of a message's `mix`."""
    given = {name: text for name, text in settings.items() if text is not None}
    suffix = format_of(out, list(MIX_SUFFIXES), asked=given.get("form"))
    yield "format", _format(out, suffix, bits=given.get("bits", _DEFAULT_BITS))
    if "channels" in given:
        yield "channels", _value(given["channels"], MixChannels, name="--channels")
    if "rate" in given:
        yield "sample_rate", _value(given["rate"], MixRate, name="--rate")
    if "loudness" in given:
        target = {"integrated": _value(given["loudness"], Loud, name="--loudness")}
        if "true_peak" in given:
            ceiling = _value(given["true_peak"], Ceiling, name="--true-peak")
            target["true_peak"] = ceiling
        yield "loudness", target
    elif "true_peak" in given:
        raise UsageMistakeError("--true-peak has no effect without --loudness.")


def _format(out: Path, suffix: str, *, bits: str) -> str:
    """Return the name of the format of a file's ending and a number of bits."""
    formats: tuple[str, ...] = get_args(MixFormat)
    held = [form.removeprefix(suffix) for form in formats if form.startswith(suffix)]
    if bits not in held:
        raise UsageMistakeError(
            f"{out} cannot have --bits {bits}, only {_listed(held)}."
        )
    return f"{suffix}{bits}"


def _value(text: str, values: object, *, name: str) -> Any:
    """Convert a text to a value that a message may have, or refuse the text."""
    try:
        return msgspec.convert(_as_json(text), values, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as exc:
        raise UsageMistakeError(f"{name} {text} is not {_allowed(values)}.") from exc


def _as_json(text: str) -> str:
    """Return a number such as `+3` or `-.5` as JSON writes it; keep other texts."""
    found = _SHORT_NUMBER.fullmatch(text)
    if found is None:
        return text
    minus, point, digits = found.groups()
    return f"{minus or ''}{'0.' if point else ''}{digits}"


def _allowed(values: object) -> str:
    """Say in words which values a message may have."""
    kind = msgspec.inspect.type_info(values)
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.FloatType):
        return f"from {kind.ge:g} to {kind.le:g}"
    return _listed([str(value) for value in get_args(values)])


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"


def _in_words(conflict: str, stems: Sequence[StemChoice]) -> str:
    """Return the name of a wrong option with the word of the command line."""
    found = _OF_A_STEM.fullmatch(conflict)
    return f"{stems[int(found[1])].word}, {found[2]}" if found else conflict
