"""Define the settings of a mix: format, loudness, and the place of each stem."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from waveflow.audio.stream import Kind

# A first stem of 768 kHz makes no mix of 768 kHz.
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


class MixFormat(StrEnum):
    """Name the formats of a mixed file with the words of messages."""

    WAV24 = "wav24"
    WAV16 = "wav16"
    WAV32F = "wav32f"
    FLAC16 = "flac16"
    FLAC24 = "flac24"

    @property
    def kind(self) -> Kind:
        """Return the container of the mixed file."""
        is_flac = self in (MixFormat.FLAC16, MixFormat.FLAC24)
        return Kind.FLAC if is_flac else Kind.WAV

    @property
    def is_float(self) -> bool:
        """Tell whether samples beyond full scale keep their level."""
        return self is MixFormat.WAV32F

    @property
    def bits(self) -> int:
        """Return the number of bits of one sample."""
        return {"wav16": 16, "flac16": 16, "wav32f": 32}.get(self, 24)


@dataclass(frozen=True, slots=True)
class LoudnessTarget:
    """Hold the loudness that a mix shall have, and the ceiling of its true peak.

    Parameters
    ----------
    integrated
        In LUFS by BS.1770-4, -30 to -8.
    true_peak
        In dBTP, -9 to -0.5.
    """

    integrated: float
    true_peak: float = -1.0


@dataclass(frozen=True, slots=True)
class MixSettings:
    """Describe the mixed file that is asked for.

    Parameters
    ----------
    channels
        1 or 2.
    sample_rate
        In Hz, or that of the first stem, or the highest of all stems; a stem's rate
        counts as 8 to 192 kHz.
    loudness
        None leaves the level as the stems give the sum.
    """

    channels: Literal[1, 2] = 2
    format: MixFormat = MixFormat.WAV24
    sample_rate: Literal["first", "highest"] | int = "first"
    loudness: LoudnessTarget | None = None

    @property
    def frame_bytes(self) -> int:
        """Return the bytes of one frame in the mixed file."""
        return self.channels * self.format.bits // 8


@dataclass(frozen=True, slots=True)
class StemSettings:
    """Describe level, place and time of one stem in the mix.

    Parameters
    ----------
    gain_db
        -60 to 12.
    pan
        -1 (left) to 1 (right), as Web Audio's StereoPannerNode does; None leaves the
        stem without a panner, which for a mono stem is 3 dB louder than 0. Has no
        effect on a mix of one channel.
    invert
        Whether to turn the polarity of all channels.
    offset_ms
        How much later the stem starts; below 0 its head is cut. -600,000 to 600,000.
    """

    gain_db: float = 0.0
    pan: float | None = None
    invert: bool = False
    offset_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class StemSource:
    """Name the file of a stem that is not muted, and the stem's settings.

    Parameters
    ----------
    name
        Stands in errors.
    """

    path: Path
    name: str
    settings: StemSettings = field(default_factory=StemSettings)


def mix_rate(settings: MixSettings, stem_rates: list[int]) -> int:
    """Return the sample rate of a mix of stems with these rates, all in Hz."""
    if isinstance(settings.sample_rate, int):
        return settings.sample_rate
    wanted = stem_rates[0] if settings.sample_rate == "first" else max(stem_rates)
    return min(max(wanted, LOWEST_RATE), HIGHEST_RATE)
