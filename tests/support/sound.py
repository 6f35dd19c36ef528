"""Signals with known answers, and files of these signals."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import plibflac
import soundfile

RATE = 44_100


def tone(
    seconds: float, *, rate: int = RATE, hz: float = 440, level: float = 0.5
) -> np.ndarray:
    """Return a mono sine, float32, shape (frames,)."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def music(seconds: float, *, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Return noise that swells and fades, another in each channel."""
    frames = round(seconds * rate)
    noise = np.random.default_rng(7).standard_normal((frames, channels))
    swell = 0.55 + 0.45 * np.sin(np.arange(frames)[:, None] / rate * 3)
    return np.clip(noise * swell * 0.12, -1, 1).astype(np.float32)


def chunk(name: bytes, body: bytes, *, claim: int | None = None) -> bytes:
    """Return a RIFF chunk; `claim` lies about the chunk's size."""
    size = len(body) if claim is None else claim
    return name + struct.pack("<I", size) + body + b"\0" * (len(body) % 2)


def wav_format(
    *, tag: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16
) -> bytes:
    """Return the 16 bytes of a plain format chunk."""
    align = channels * ((bits + 7) // 8)
    return struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)


def wav(
    body: bytes,
    *,
    fmt: bytes | None = None,
    claim: int | None = None,
    between: bytes = b"",
    riff_claim: int | None = None,
) -> bytes:
    """Return a WAV file whose headers may lie."""
    chunks = chunk(b"fmt ", fmt or wav_format()) + between
    chunks += chunk(b"data", body, claim=claim)
    size = 4 + len(chunks) if riff_claim is None else riff_claim
    return b"RIFF" + struct.pack("<I", size) + b"WAVE" + chunks


def long_wav(body: bytes, *, form: bytes, claim: int | None = None) -> bytes:
    """Return RF64 or BW64 with the real size in a ds64 chunk."""
    size = len(body) if claim is None else claim
    ds64 = chunk(b"ds64", struct.pack("<QQQI", size, size, size // 2, 0))
    chunks = ds64 + chunk(b"fmt ", wav_format()) + chunk(b"data", body, claim=2**32 - 1)
    return form + b"\xff" * 4 + b"WAVE" + chunks


def pcm16(samples: np.ndarray) -> bytes:
    """Return samples as 16-bit little-endian bytes."""
    return np.rint(samples * 32_767).astype("<i2").tobytes()


def write(path: Path, samples: np.ndarray, *, rate: int = RATE, **how: str) -> Path:
    """Write a file with libsndfile."""
    soundfile.write(path, samples, rate, **how)
    return path


def flac(
    path: Path,
    samples: np.ndarray,
    *,
    bits: int,
    rate: int = RATE,
    block_size: int = 0,
) -> Path:
    """Write integers, shape (frames, channels), as FLAC of any number of bits."""
    with plibflac.Encoder(
        path,
        channels=samples.shape[1],
        bits_per_sample=bits,
        sample_rate=rate,
        blocksize=block_size,
        streamable_subset=False,
    ) as encoder:
        for at in range(0, len(samples), 4_096):
            planes = np.ascontiguousarray(samples[at : at + 4_096].T, np.int32)
            encoder.write([memoryview(plane) for plane in planes])
    return path


def encode(
    path: Path, samples: np.ndarray, *, rate: int = RATE, codec: str, container: str
) -> Path:
    """Write a file with one of FFmpeg's encoders."""
    channels = samples.reshape(len(samples), -1).shape[1]
    layout = {1: "mono", 2: "stereo", 7: "6.1", 8: "7.1", 16: "hexadecagonal"}[channels]
    packed = np.ascontiguousarray(samples).reshape(1, -1)
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        given = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        given.sample_rate, given.pts, given.time_base = rate, 0, Fraction(1, rate)
        context = stream.codec_context
        context.open()
        resampler = av.AudioResampler(
            context.format, context.layout, rate, frame_size=context.frame_size or 1024
        )
        for frame in [*resampler.resample(given), *resampler.resample(None)]:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
