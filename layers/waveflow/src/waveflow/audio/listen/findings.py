"""Define the findings of an audio analysis, as webhooks report them.

Only msgspec is imported here: the stage notify loads this module without NumPy.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class Loudness(Struct, frozen=True, kw_only=True):
    """Loudness by BS.1770-4, in LUFS, LU and dBTP; `reason` explains a null."""

    integrated: float | None  # gated, of the whole stem
    range: float | None  # null below 3.4 s
    momentary_max: float | None  # the loudest 400 ms
    short_term_max: float | None  # the loudest 3 s; null below 3 s
    true_peak: float | None  # null for digital silence
    # TOO_SHORT is below 400 ms; SILENT has nothing above -70 LUFS.
    reason: Literal["SILENT", "TOO_SHORT"] | None


class Tempo(Struct, frozen=True, kw_only=True):
    """Tempo of the first 90 s in beats per minute; `reason` explains a null."""

    value: float | None  # 55 to 215
    confidence: float  # 0 to 1: how much the onsets repeat one period later
    # Half, or the double below 100; 2/3 or 3/2 where these are as likely as the value.
    alternative: float | None
    reason: Literal["SILENT", "TOO_SHORT", "NO_BEAT"] | None  # TOO_SHORT is below 5 s


class MusicalKey(Struct, frozen=True, kw_only=True):
    """Musical key of the first 90 s, such as `F# minor`; `reason` explains a null."""

    value: str | None  # written with sharps only
    confidence: float  # 0 to 1: the correlation of the notes with the key's profile
    relative: str | None  # the key of the same notes in the other mode
    # TOO_SHORT is below 3 s; NO_PITCH are drums, noise and speech; the notes of
    # NO_KEY fit several keys, or none.
    reason: Literal["SILENT", "TOO_SHORT", "NO_PITCH", "NO_KEY"] | None


class StemWarning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fault of a stem that a sound engineer would ask about, such as clipping."""

    code: Literal[
        "SILENT",
        "CLIPPED",
        "DC_OFFSET",
        "DUAL_MONO",
        "ANTI_PHASE",
        "LEADING_SILENCE",
        "UPSAMPLED_BITS",
    ]
    count: int | None = None  # samples of CLIPPED in runs at full scale
    seconds: float | None = None  # length of LEADING_SILENCE


class Analysis(Struct, frozen=True, kw_only=True):
    """Analysis that a message with `analysis: true` asks for; null is what failed."""

    loudness: Loudness | None
    tempo: Tempo | None
    key: MusicalKey | None
    warnings: list[StemWarning]
    error_code: str | UnsetType = UNSET
