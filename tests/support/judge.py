"""Ask FFmpeg how long a file sounds, packet by packet, as an outside judge."""

from pathlib import Path

import av

av.logging.set_level(av.logging.PANIC)


def sounding_seconds(path: Path, *, at_most: float = 600) -> float:
    """Return the seconds that FFmpeg decodes of a file; 0 where FFmpeg opens none.

    A packet that cannot be decoded is left out, as FFmpeg's own command does.
    """
    seconds = 0.0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            for packet in container.demux(stream):
                seconds += _decoded(packet)
                if seconds > at_most:
                    break
    except (av.error.FFmpegError, IndexError, ValueError):
        pass  # what was decoded until here counts
    return seconds


def _decoded(packet: "av.Packet") -> float:
    try:
        return sum(frame.samples / frame.sample_rate for frame in packet.decode())
    except (av.error.FFmpegError, ZeroDivisionError):
        return 0.0
