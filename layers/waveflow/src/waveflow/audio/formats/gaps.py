"""Tell how many frames are missing where packets were skipped.

What stands behind a skipped packet must stay at its time. Time stamps may claim
anything, so a gap is never longer than something else in the file proves.
"""

from pathlib import Path
from typing import Any

from waveflow.audio.formats import ogg
from waveflow.audio.formats.head import id3_size
from waveflow.audio.stream import Kind

# (8192 - 64) / 4: a Vorbis stamp does not know how its first windows overlap.
JITTER = 2_048
# Raw streams: whatever stands behind the last frame comes as a packet too.
UNFRAMED = (Kind.MP3, Kind.FLAC)


class Gaps:
    """Follow the packets of one stream.

    Parameters
    ----------
    path
        The file.
    kind
        What its content is.
    sample_rate
        In Hz.
    first
        The time stamp of the first frame, in frames.
    whole
        The length in frames, where the structure shows it and has to be met: of
        Ogg by its pages, of an MP3 that holds less than its header counts.
    """

    def __init__(
        self, path: Path, kind: Kind, *, sample_rate: int, first: int, whole: int
    ) -> None:
        self.broken = False
        self._path, self._kind = path, kind
        self._rate, self._whole = sample_rate, whole
        self._end = first
        self._given = 0
        self._longest = self._packet_bytes = self._tag_end = 0
        self._pages = 0, 0
        self._skipped = self._skipped_bytes = 0
        self._failed = False

    def skip(self, packet: Any, *, failed: bool) -> None:  # PyAV is untyped
        """Note a packet that gave no frame; some decoders fail without a word."""
        if not failed and not self._longest:  # the first of Vorbis and AAC
            return
        position = packet.pos or 0
        if self._kind is Kind.MP3:
            self._tag_end = max(self._tag_end, position + id3_size(bytes(packet)))
            if position < self._tag_end:
                return
        self._skipped += 1
        self._skipped_bytes += packet.size
        self._failed = self._failed or failed
        self.broken = self.broken or (failed and self._kind not in UNFRAMED)

    def before(self, frame: Any, packet: Any) -> int:  # PyAV is untyped
        """Count the frames that are missing before a decoded one."""
        if packet.pos not in (None, self._pages[1]):
            self._pages = self._pages[1], packet.pos
        at = self._end
        if frame.pts is not None:
            at = round(frame.pts * frame.time_base * self._rate)
        self._longest = max(self._longest, frame.samples)
        lost = self._counted() if self._kind is Kind.MP3 else self._stamped(at)
        self.broken = self.broken or lost > 0 or self._failed
        self._failed, self._skipped, self._skipped_bytes = False, 0, 0
        self._packet_bytes = packet.size
        self._end = at + frame.samples
        self._given += lost + frame.samples
        return lost

    def _stamped(self, at: int) -> int:
        gap = at - self._end
        most = self._skipped * self._longest
        if not most and self._whole and gap > JITTER:
            # A single stamp may be wrong where every page is there.
            if not ogg.is_page_lost(self._path, *self._pages):
                return 0
            most = self._whole - self._given
        return max(0, min(gap, most))

    def _counted(self) -> int:
        # A stamp counts a packet of junk as one frame, however long it is.
        if not self._whole or not self._packet_bytes:
            return 0
        frames = round(self._skipped_bytes / self._packet_bytes) * self._longest
        return max(0, min(frames, self._whole - self._given))
