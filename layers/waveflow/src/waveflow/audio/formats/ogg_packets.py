"""Tell how many frames the packets of Vorbis and Opus decode to."""

from dataclasses import dataclass, field

VORBIS, OPUS = b"\x01vorbis", b"OpusHead"
OPUS_RATE = 48_000  # Hz, whatever the encoder was given
HEADERS = {VORBIS: 3, OPUS: 2}
IDENT_BYTES = 30  # of a Vorbis identification header
MODE_BITS = 41
MODE_COUNT_BITS = 6
MAX_MAPPING = 63
OPUS_HEAD_BYTES = 19
# Frames of one Opus frame, by the upper five bits of its packet's first byte.
OPUS_FRAMES = (*(480, 960, 1920, 2880) * 3, *(480, 960) * 2, *(120, 240, 480, 960) * 4)
SINGLE, ANY_NUMBER = 0, 3  # codes for the number of frames in an Opus packet


@dataclass(slots=True)
class Counter:
    """Count the frames of one stream, packet by packet, headers first."""

    codec: bytes
    sample_rate: int = 0
    channels: int = 0
    pre_skip: int = 0
    frames: int = 0
    _seen: int = 0
    _blocks: tuple[int, int] = (0, 0)
    _modes: list[int] = field(default_factory=list)
    _before: int = 0

    def add(self, packet: bytes) -> None:
        """Take in a packet; an audio packet's first two bytes are enough."""
        self._seen += 1
        if self._seen == 1:
            self._read_head(packet)
        elif self.codec == VORBIS and self._seen == HEADERS[VORBIS]:
            self._modes = _read_modes(packet)
        elif self._seen > HEADERS[self.codec] and packet:
            opus = self.codec == OPUS
            self.frames += _opus_frames(packet) if opus else self._overlap(packet)

    def _read_head(self, packet: bytes) -> None:
        if self.codec == OPUS and len(packet) >= OPUS_HEAD_BYTES:
            self.sample_rate, self.channels = OPUS_RATE, packet[9]
            self.pre_skip = int.from_bytes(packet[10:12], "little")
        elif self.codec == VORBIS and len(packet) >= IDENT_BYTES:
            self.channels = packet[11]
            self.sample_rate = int.from_bytes(packet[12:16], "little")
            self._blocks = 1 << (packet[28] & 15), 1 << (packet[28] >> 4)

    def _overlap(self, packet: bytes) -> int:
        """Return what a Vorbis packet completes of itself and the one before."""
        if not self._modes or packet[0] & 1:
            return 0
        mask = (1 << (len(self._modes) - 1).bit_length()) - 1
        mode = packet[0] >> 1 & mask
        size = self._blocks[self._modes[min(mode, len(self._modes) - 1)]]
        frames = (self._before + size) // 4 if self._before else 0
        self._before = size
        return frames


def _read_modes(setup: bytes) -> list[int]:
    """Read from a Vorbis setup header which of its modes have long blocks.

    The modes stand at the end, behind codebooks of any length, and are found
    backwards: their last bit is the highest one that is set.
    """
    bits = int.from_bytes(setup, "little")
    top, flags, count = bits.bit_length() - 1, list[int](), 0
    while top >= MODE_BITS + MODE_COUNT_BITS and len(flags) <= MAX_MAPPING:
        mode = bits >> top - MODE_BITS & (1 << MODE_BITS) - 1
        mapping, types = mode >> 33, mode >> 1 & (1 << 32) - 1
        if mapping > MAX_MAPPING or types:
            break
        flags.append(mode & 1)
        top -= MODE_BITS
        before = bits >> top - MODE_COUNT_BITS & (1 << MODE_COUNT_BITS) - 1
        if before + 1 == len(flags):
            count = len(flags)
    return flags[:count][::-1]


def _opus_frames(packet: bytes) -> int:
    code = packet[0] & 3
    number = 2 - (code == SINGLE)
    if code == ANY_NUMBER:
        number = packet[1] & 63 if len(packet) > 1 else 0
    return OPUS_FRAMES[packet[0] >> 3] * number
