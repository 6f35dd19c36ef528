"""Encode a preview of a recording while its blocks are decoded."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from errno import EDQUOT, EFBIG, ENOSPC
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec, kernels
from waveflow.audio.kernels import STEREO
from waveflow.audio.stream import CHANNELS_MIXED, Block
from waveflow.errors import EmptyAudioError, ResourceLimitError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import OutputContainer

PREVIEW_FAILED = "PREVIEW_FAILED"
# The resampler returns all frames of a piece at once, 12 times as many from 4 kHz:
# small pieces bound the memory.
PIECE_FRAMES = 16_384
FULL_DISK = (ENOSPC, EDQUOT, EFBIG)
NO_ROOM = "The disk has no room for the preview."
CD_FAMILY_HZ = 11_025  # multiples of this rate are played at 44.1 kHz
CD_RATE, VIDEO_RATE = 44_100, 48_000
# Effort 5 gives files of the same size in a sixth less time. libopus counts from 0
# to 10 (slow), LAME from 0 to 9 (fast).
EFFORT = "5"


class PreviewKind(StrEnum):
    """Name the kinds of preview, as messages and file names do."""

    OPUS = "opus"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class Preview:
    """Describe a preview that was written.

    Parameters
    ----------
    size_bytes
        Of the file.
    duration
        Of the recording, in seconds.
    warnings
        CHANNELS_MIXED where more than two channels became one; of a whole file the
        decoder's too.
    """

    path: Path
    size_bytes: int
    duration: float
    warnings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Format:
    """Name the encoder of a kind, its container, sample type and bits per second."""

    encoder: str
    container: str
    sample_format: str
    stereo_bps: int
    mono_bps: int


FORMATS = {
    PreviewKind.OPUS: Format("libopus", "ogg", "flt", 96_000, 64_000),
    PreviewKind.MP3: Format("libmp3lame", "mp3", "fltp", 160_000, 96_000),
}


class PreviewEncoder:
    """Encode the blocks of a file into a preview; a failure leaves no file.

    Parameters
    ----------
    path
        The file to write.
    """

    def __init__(self, path: Path, kind: PreviewKind) -> None:
        self._path, self._kind = path, kind
        self._output: _Output | None = None
        self._warnings: set[str] = set()
        self._frames = self._sample_rate = 0

    @property
    def written_bytes(self) -> int:
        """Return the size of the file so far."""
        return self._path.stat().st_size if self._path.exists() else 0

    def add(self, block: Block) -> None:
        """Encode one block of samples."""
        if not len(block.samples):
            return
        with self._abandoned_on_failure():
            heard = self._heard(block)
            if self._output is None:
                self._sample_rate = block.sample_rate
                self._output = _Output(
                    self._path, self._kind, rate=block.sample_rate, channels=len(heard)
                )
            self._output.write(heard)
        self._frames += len(block.samples)

    def finish(self) -> Preview:
        """Write the last packets, and return what the file holds.

        Raises
        ------
        EmptyAudioError
            No frame has arrived.
        ResourceLimitError
            The disk is full.
        """
        if self._output is None:
            raise EmptyAudioError("The file holds no frame of audio.")
        with self._abandoned_on_failure():
            self._output.close()
        return Preview(
            path=self._path,
            size_bytes=self.written_bytes,
            duration=self._frames / self._sample_rate,
            warnings=frozenset(self._warnings),
        )

    def abandon(self) -> None:
        """Close and remove the file, so that its disk is free at once."""
        if self._output is not None:
            self._output.discard()
            self._output = None
        self._path.unlink(missing_ok=True)

    @contextmanager
    def _abandoned_on_failure(self) -> Iterator[None]:
        """Remove the file where encoding fails, and name a full disk as such."""
        try:
            yield
        except BaseException as exc:
            self.abandon()
            if isinstance(exc, OSError) and exc.errno in FULL_DISK:
                raise ResourceLimitError(NO_ROOM) from exc
            raise

    def _heard(self, block: Block) -> NDArray[np.float32]:
        """Return the channels to encode, shape (1 or 2, frames), within full scale."""
        if block.samples.shape[1] > STEREO:
            self._warnings.add(CHANNELS_MIXED)
            heard = kernels.mono(block.samples)[None]
        else:
            heard = block.planar
        if block.samples.dtype != np.float32:
            return heard
        return np.clip(heard, -1, 1)


class _Output:
    """Write one preview file with PyAV's encoders."""

    def __init__(
        self, path: Path, kind: PreviewKind, *, rate: int, channels: int
    ) -> None:
        import av
        from av.codec.context import Flags

        form = FORMATS[kind]
        out_rate = VIDEO_RATE
        if kind is PreviewKind.MP3 and rate % CD_FAMILY_HZ == 0:
            out_rate = CD_RATE
        self._rate, self._out_rate, self._position = rate, out_rate, 0
        self._is_begun = False
        self._layout = "stereo" if channels == STEREO else "mono"
        # `bitexact` gives equal bytes for equal sound: no version of a library, no
        # random serial number. The LAME tag then says "Lavf", which decoders accept.
        self._container = av.open(
            str(path), "w", format=form.container, options={"fflags": "+bitexact"}
        )
        # PyAV leaves the file open where a container is forgotten without closing.
        self.discard = finalize(self, _close_at_once, self._container)
        added = self._container.add_stream(
            form.encoder,
            rate=out_rate,
            layout=self._layout,
            options={"compression_level": EFFORT},
        )
        self._stream = cast("AudioStream", added)
        context = self._stream.codec_context
        context.format = form.sample_format
        context.bit_rate = form.stereo_bps if channels == STEREO else form.mono_bps
        context.flags |= Flags.bitexact
        context.open()
        self._resampler = av.AudioResampler(
            context.format, context.layout, out_rate, frame_size=context.frame_size
        )

    def write(self, samples: NDArray[np.float32]) -> None:
        """Encode samples, shape (channels, frames)."""
        import av

        for at in range(0, samples.shape[1], PIECE_FRAMES):
            piece = np.ascontiguousarray(samples[:, at : at + PIECE_FRAMES])
            frame = av.AudioFrame.from_ndarray(
                piece, format="fltp", layout=self._layout
            )
            frame.sample_rate = self._rate
            frame.pts, frame.time_base = self._position, Fraction(1, self._rate)
            self._position += piece.shape[1]
            self._encode(self._resampler.resample(frame))

    def close(self) -> None:
        """Encode what the resampler and the encoder still hold, and close the file."""
        self._encode(self._resampler.resample(None))
        if not self._is_begun:
            self._encode([self._silence()])
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _silence(self) -> "AudioFrame":
        """Return silence in place of a click from which the resampler made no frame."""
        import av

        context = self._stream.codec_context
        frames = max(1, self._position * self._out_rate // self._rate)
        frame = av.AudioFrame(context.format.name, context.layout.name, frames)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = self._out_rate
        frame.pts, frame.time_base = 0, Fraction(1, self._out_rate)
        return frame

    def _encode(self, frames: "list[AudioFrame]") -> None:
        for frame in frames:
            self._is_begun = True
            self._container.mux(self._stream.encode(frame))


def _close_at_once(container: "OutputContainer") -> None:
    """Close a file, even where its end can no longer be written."""
    import av

    with suppress(av.error.FFmpegError):
        container.close()


def write_preview(source: Path, target: Path, *, kind: PreviewKind) -> Preview:
    """Write a preview of one audio file.

    Raises
    ------
    WaveflowError
        One of the audio errors.
    """
    encoder = PreviewEncoder(target, kind)
    try:
        stream = codec.open_audio(source)
        codec.decode_into(stream, [encoder])
    except BaseException:
        encoder.abandon()
        raise
    preview = encoder.finish()
    return replace(preview, warnings=preview.warnings | stream.warnings)
