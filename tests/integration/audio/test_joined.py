"""Files of several parts are played whole, each part at its time and level."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import corpus, hostile, sound
from waveflow.audio import codec
from waveflow.audio.waveform.draw import draw
from waveflow.errors import BadSampleRateError, UnsupportedMediaError

RATE = 48_000
SECONDS = 3


def clicking(channels: int, *, rate: int = RATE) -> np.ndarray:
    """Return quiet noise with a click after one second, in anti-phase if stereo."""
    samples = 0.1 * sound.music(SECONDS, rate=rate, channels=channels)
    samples[rate, 0] = 0.9
    samples[rate, 1:] = -0.9
    return samples


def vorbis(path: Path, channels: int, *, rate: int = RATE) -> bytes:
    """Encode clicking noise as Vorbis."""
    how = {"format": "OGG", "subtype": "VORBIS"}
    return sound.write(
        path, clicking(channels, rate=rate), rate=rate, **how
    ).read_bytes()


def opus(path: Path, channels: int, *, rate: int = RATE) -> bytes:
    """Encode clicking noise as Opus."""
    how = {"codec": "libopus", "container": "ogg"}
    return sound.encode(
        path, clicking(channels, rate=rate), rate=rate, **how
    ).read_bytes()


def mp3(path: Path, channels: int, *, rate: int = RATE) -> bytes:
    """Encode clicking noise as MP3."""
    how = {"codec": "libmp3lame", "container": "mp3"}
    return sound.encode(
        path, clicking(channels, rate=rate), rate=rate, **how
    ).read_bytes()


def heard(path: Path) -> tuple[np.ndarray, codec.Stream]:
    """Return all samples and the stream that they were read from."""
    stream = codec.open_audio(path)
    return np.concatenate([block.copy() for block in codec.blocks(stream)]), stream


def clicks(samples: np.ndarray) -> list[int]:
    """Return the frames at which the clicks are loudest, in rising order."""
    level = np.abs(samples).max(axis=1)
    first = int(level.argmax())
    level[max(0, first - RATE // 2) : first + RATE // 2] = 0
    return sorted([first, int(level.argmax())])


Encode = Callable[..., bytes]
CHAINS: dict[str, tuple[tuple[Encode, int, int], ...]] = {
    "the same twice": ((vorbis, 2, RATE), (vorbis, 2, RATE)),
    "Vorbis, mono then stereo": ((vorbis, 1, RATE), (vorbis, 2, RATE)),
    "Vorbis, stereo then mono": ((vorbis, 2, RATE), (vorbis, 1, RATE)),
    "Vorbis of half the rate": ((vorbis, 2, RATE), (vorbis, 2, RATE // 2)),
    "Vorbis of twice the rate": ((vorbis, 1, RATE // 2), (vorbis, 2, RATE)),
    "Opus, mono then stereo": ((opus, 1, RATE), (opus, 2, RATE)),
    "Vorbis, then Opus": ((vorbis, 1, 44_100), (opus, 2, RATE)),
}


@pytest.mark.parametrize("case", CHAINS)
def test_every_link_of_a_chain_is_played_at_its_time(tmp_path: Path, case: str):
    """Half of the music with a warning is no answer for a mix."""
    path = tmp_path / "a.ogg"
    links = [
        encode(path, channels, rate=rate) for encode, channels, rate in CHAINS[case]
    ]
    path.write_bytes(b"".join(links))
    rate = CHAINS[case][0][2]

    samples, stream = heard(path)

    assert len(samples) == stream.frames == 2 * SECONDS * rate
    assert (stream.sample_rate, stream.warnings) == (rate, set())
    assert stream.channels == max(channels for _, channels, _ in CHAINS[case])
    assert np.abs(np.subtract(clicks(samples), [rate, 4 * rate])).max() <= 1


def test_a_chain_with_foreign_audio_is_refused_by_name(tmp_path: Path):
    """A link that cannot be played must not be left out in silence."""
    path = tmp_path / "a.ogg"
    speex = hostile.ogg_page([b"Speex   1.2"], granule=0, sequence=0, flags=2, serial=7)
    path.write_bytes(vorbis(path, 1) + speex)

    with pytest.raises(UnsupportedMediaError, match="Speex"):
        draw(path, 10)


def test_a_broken_link_is_silent_and_the_next_is_at_its_time(tmp_path: Path):
    """Headers of one link may be lost in a capture; the others are whole."""
    path = tmp_path / "a.ogg"
    link = vorbis(path, 1)
    broken = bytearray(link)
    setup = link.index(b"\x05vorbis")
    broken[setup + 100 : setup + 2000] = bytes(1900)
    path.write_bytes(link + bytes(broken) + link)

    samples, stream = heard(path)

    assert stream.warnings == {"TRUNCATED"}
    assert clicks(samples) == [RATE, 7 * RATE]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_mp3_that_changes_its_channels_keeps_anti_phase(
    tmp_path: Path, order: tuple[int, int]
):
    """The mean of both channels, taken as mono, made stereo in anti-phase vanish."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"".join(mp3(path, channels) for channels in order))

    samples, stream = heard(path)

    assert stream.channels == 2
    first, second = clicks(samples)
    assert abs(first - RATE) <= 1152
    assert abs(second - 4 * RATE) <= 3 * 1152
    assert np.abs(samples[[first, second]]).max(axis=1).min() >= 0.5  # lossy


@pytest.mark.parametrize("frames", [1, 44, 2_205, 4_410, 30_000, 44_100])
def test_short_vorbis_has_every_frame(tmp_path: Path, frames: int):
    """FFmpeg counts a packet that gives no sound: 128 frames were missing."""
    samples = 0.3 * sound.music(1, channels=1)[:frames]
    how = {"format": "OGG", "subtype": "VORBIS"}
    path = sound.write(tmp_path / "a", samples, **how)

    decoded, stream = heard(path)

    assert (len(decoded), stream.frames) == (frames, frames)
    reference, _ = sound.soundfile.read(path, dtype="float32", always_2d=True)
    assert np.abs(decoded - reference).max() < 1e-5


def test_flac_with_junk_in_front_starts_at_once(tmp_path: Path):
    """Junk became silence: the stem was late against the others of its song."""
    samples = clicking(1)
    path = sound.write(
        tmp_path / "a", samples, rate=RATE, format="FLAC", subtype="PCM_16"
    )
    content = bytearray(path.read_bytes())
    frames = content.index(b"\xff\xf8")
    junk = np.random.default_rng(1).integers(1, 250, 5_000, dtype=np.uint8).tobytes()
    unknown = bytearray(content)
    unknown[21] &= 0xF0
    unknown[22:26] = bytes(4)
    for head in (content, unknown):
        for size in (1, 100, 5_000):
            path.write_bytes(head[:frames] + junk[:size] + content[frames:])

            decoded, stream = heard(path)

            assert int(np.abs(decoded[:, 0].astype(np.int32)).argmax()) == RATE
            assert (len(decoded), stream.warnings) == (len(samples), set())


FOUND = {
    "ogg-chain-same.ogg": (264_600, 2),
    "o_chained.ogg": (8_820, 1),
    "classical.ogg": (4_410, 1),
    "opus-chain-mono-stereo.opus": (288_000, 2),
    "ogg-granule-start-10s.ogg": (132_300, 2),
    "mp3-mono-then-stereo.mp3": (267_264, 2),
    "mp3-id3-zero-pad-70k.mp3": (134_784, 2),
}


@pytest.mark.parametrize("file", FOUND)
def test_found_files_have_the_length_of_the_reference(file: str):
    """Lengths as oggdec, opusdec or FFmpeg give them, without a warning."""
    path = corpus.FOUND / file
    if not path.exists():
        pytest.skip(f"no {path}")

    waveform = draw(path, 100)

    assert (waveform.frames, waveform.channels, waveform.warnings) == (*FOUND[file], ())


def test_a_link_of_one_hertz_is_refused_before_it_is_decoded(tmp_path: Path):
    """A link of 1 Hz, resampled 48,000 times longer, would fill the memory."""
    path, link = tmp_path / "a.ogg", vorbis(tmp_path / "b.ogg", 1)
    at = link.index(b"\x01vorbis") + 12  # behind the version and the channels
    slow = link[:at] + (1).to_bytes(4, "little") + link[at + 4 :]
    path.write_bytes(link + slow)

    with pytest.raises(BadSampleRateError, match="accepted are 4000 to 768000 Hz"):
        codec.open_audio(path)
