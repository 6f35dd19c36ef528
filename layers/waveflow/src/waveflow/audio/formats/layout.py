"""Describe where uncompressed samples lie and how they are written."""

from dataclasses import dataclass
from enum import Enum

from waveflow.audio.stream import Kind


class Encoding(Enum):
    """How one sample is written."""

    UNSIGNED = "u"
    SIGNED = "i"
    FLOAT = "f"
    A_LAW = "a-law"
    MU_LAW = "mu-law"


@dataclass(frozen=True, slots=True)
class Layout:
    """The samples of a WAV or AIFF file.

    `encoding` is None if they are compressed; then `frames_per_byte` says how far.
    """

    kind: Kind
    sample_rate: int
    channels: int
    encoding: Encoding | None
    width: int
    big_endian: bool
    offset: int
    size: int
    truncated: bool
    frames_per_byte: int = 0

    @property
    def frame_bytes(self) -> int:
        """Tell the bytes of one frame of all channels."""
        return self.width * self.channels

    @property
    def frames(self) -> int:
        """Tell how many whole frames lie in the file, at most if compressed."""
        if self.encoding is None:
            return self.size * self.frames_per_byte
        return self.size // self.frame_bytes if self.frame_bytes else 0
