"""Identity of the sound: what changes the string of a recording, and what does not."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.wrapping import ffmpeg, identity, needs, run
from waveflow.audio.listen.identity import RUN_FRAMES, SampleHash

RATE = 44_100
SOUND = (sound.music(3) * 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """Return a recording of 16 bits as WAV."""
    path = tmp_path_factory.mktemp("identity") / "original.wav"
    soundfile.write(path, SOUND, RATE, subtype="PCM_16")
    return path


SOUNDFILE = [
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "FLOAT"),
    ("RF64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AIFF", "PCM_24"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
]


@pytest.mark.parametrize("how", SOUNDFILE, ids="-".join)
def test_lossless_wrappings_by_libsndfile_are_one_recording(original, tmp_path, how):
    """A musician's export in another lossless format must be found again."""
    samples, _ = soundfile.read(original, dtype="float64")
    path = tmp_path / "a"
    soundfile.write(path, samples, RATE, format=how[0], subtype=how[1])

    assert identity(path) == identity(original)


@needs("ffmpeg")
@pytest.mark.parametrize(
    "how",
    [
        ("a.m4a", "-c:a", "alac"),
        ("a.flac", "-metadata", "title=x"),
        ("a.wav", "-metadata", "title=x", "-write_bext", "1"),
        ("a.wav", "-rf64", "always"),
        ("a.wav", "-c:a", "pcm_f32le"),
        ("a.aiff", "-c:a", "pcm_s24be"),
    ],
    ids=" ".join,
)
def test_lossless_wrappings_by_ffmpeg_are_one_recording(original, tmp_path, how):
    """A re-tagged, rewritten or ALAC copy holds the same samples."""
    found = identity(ffmpeg(original, tmp_path / how[0], *how[1:]))

    assert found == identity(original)


@needs("sox")
@pytest.mark.parametrize(
    "how",
    [
        ("a.wav", "-b", "24"),
        ("a.wav", "-b", "32"),
        ("a.wav", "-e", "float", "-b", "32"),
        ("a.aiff", "-b", "16"),
        ("a.aiff", "-b", "24"),
        ("a.flac", "-b", "24"),
    ],
    ids=" ".join,
)
def test_lossless_wrappings_by_sox_are_one_recording(original, tmp_path, how):
    """SoX writes other headers than libsndfile and FFmpeg, around the same samples."""
    run("sox", "-D", original, *how[1:], tmp_path / how[0])

    assert identity(tmp_path / how[0]) == identity(original)


@needs("ffmpeg")
@pytest.mark.parametrize(
    "how",
    [
        ("a.wav", "-c:a", "pcm_s32le"),
        ("a.wav", "-c:a", "pcm_f32le"),
        ("a.wav", "-c:a", "pcm_f64le"),
        ("a.aiff", "-c:a", "pcm_s24be"),
        ("a.flac", "-c:a", "flac"),
        ("a.m4a", "-c:a", "alac"),
    ],
    ids=" ".join,
)
def test_wrappings_of_24_bits_are_one_recording(tmp_path, how):
    """A studio's recording fills 24 bits, which no wrapping may move or cut."""
    samples = np.random.default_rng(2).integers(-(2**23), 2**23, (50_000, 2)) << 8
    source = tmp_path / "original.wav"
    soundfile.write(source, samples.astype(np.int32), RATE, subtype="PCM_24")
    wrapped = ffmpeg(source, tmp_path / how[0], *how[1:])

    assert str(identity(source)).startswith("pcm1:")
    assert identity(wrapped) == identity(source)


@needs("metaflac")
def test_the_flac_program_gives_the_same_recording(original, tmp_path):
    """FLAC's own encoder is what most studios use."""
    path = tmp_path / "a.flac"
    run("flac", "--silent", "-o", path, original)
    plain = identity(path)
    run("metaflac", "--set-tag=TITLE=x", "--add-padding=99", path)

    assert identity(path) == plain == identity(original)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "PCM_U8"), ("AIFF", "PCM_S8"), ("FLAC", "PCM_S8"), ("WAV", "FLOAT")],
)
def test_wrappings_of_8_bits_are_one_recording(tmp_path, form, subtype):
    """WAV counts 8 bits from 0 and other containers from -128: the sound is one."""
    samples = np.random.default_rng(3).integers(-128, 128, (9_000, 2)).astype("i2")
    soundfile.write(tmp_path / "a", samples << 8, RATE, "PCM_16", format="WAV")
    soundfile.write(tmp_path / "b", samples / 128, RATE, subtype, format=form)

    assert str(identity(tmp_path / "b")).startswith("pcm1:")
    assert identity(tmp_path / "b") == identity(tmp_path / "a")


@pytest.mark.parametrize("by_ffmpeg", [False, True], ids=["libFLAC", "FFmpeg"])
@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24])
def test_flac_of_any_bits_is_its_wav(tmp_path, bits, *, by_ffmpeg):
    """Two decoders of FLAC must put the bits where an integer of 32 has them."""
    edge = 2 ** (bits - 1)
    samples = np.random.default_rng(bits).integers(-edge, edge, (9_000, 2))
    path = sound.flac(tmp_path / "a.flac", samples, bits=bits)
    if by_ffmpeg:  # FFmpeg decodes a FLAC whose last frame is far from the end
        path.write_bytes(path.read_bytes() + bytes(1_200_000))
    wide = (samples << (32 - bits)).astype(np.int32)
    soundfile.write(tmp_path / "a.wav", wide, RATE, "PCM_32")

    assert str(identity(path)).startswith("pcm1:")
    assert identity(path) == identity(tmp_path / "a.wav")


def one_bit(samples: np.ndarray) -> np.ndarray:
    """Return the samples with the lowest bit of one changed."""
    samples = samples.copy()
    samples[777, 1] ^= 1
    return samples


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (one_bit(SOUND), RATE),
        (SOUND[:-1], RATE),
        (SOUND, 48_000),
        (SOUND[:, :1], RATE),
        (SOUND[:, ::-1], RATE),
        (SOUND.reshape(-1, 1), RATE),
    ],
    ids=["bit", "frame", "rate", "mono", "swapped", "channels"],
)
def test_other_samples_are_another_recording(original, tmp_path, samples, rate):
    """Two different sounds with one identity would be called the same recording."""
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="PCM_16")

    assert identity(tmp_path / "a.wav") not in {None, identity(original)}


def test_floats_beyond_full_scale_have_no_identity(tmp_path):
    """A hot recording and its clipped copy must not be called the same."""
    hot = sound.write(tmp_path / "a.wav", sound.tone(1, level=1.5), subtype="FLOAT")

    assert identity(hot) is None


def test_full_scale_floats_are_the_highest_integer(tmp_path):
    """The samples 1.0 and -1.0 must not wrap round to each other."""
    floats = np.array([1.0, -1.0, 0.5, 2**-31], np.float32)
    integers = np.array([2**31 - 1, -(2**31), 2**30, 1], np.int32)
    soundfile.write(tmp_path / "f.wav", floats, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "i.wav", integers, RATE, subtype="PCM_32")

    assert identity(tmp_path / "f.wav") == identity(tmp_path / "i.wav")


def test_not_a_number_has_no_identity(tmp_path):
    """NaN counts as 0 in a drawing, but is not the sample 0."""
    samples = sound.tone(1)
    samples[100] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")

    assert identity(tmp_path / "a.wav") is None


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_file_that_ends_early_has_no_identity(tmp_path, kind):
    """A broken upload must not be called the same as another broken upload."""
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, SOUND, RATE)
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])

    assert identity(path) is None


def test_compressed_wav_has_no_identity(tmp_path):
    """Decoders of ADPCM may differ, and its packets are not hashed."""
    soundfile.write(tmp_path / "a.wav", SOUND, RATE, subtype="MS_ADPCM")

    assert identity(tmp_path / "a.wav") is None


def test_runs_follow_the_definition(tmp_path):
    """Another program must be able to compute the string from the documents."""
    frames = RUN_FRAMES + 5
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, (frames, 2), np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    wide = samples.astype("<i4") << 16
    runs = [wide[:RUN_FRAMES], wide[RUN_FRAMES:]]
    digests = b"".join(hashlib.sha256(each.tobytes()).digest() for each in runs)
    head = f"pcm1 {RATE} 2 {frames}\n".encode()

    expected = hashlib.sha256(head + digests).hexdigest()

    assert identity(tmp_path / "a.wav") == f"pcm1:{expected}"


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_in_memory_does_not_count(order):
    """Decoders that give planes and decoders that give frames must agree."""
    hashes = [SampleHash(RATE, 2), SampleHash(RATE, 2)]

    hashes[0].add(np.array(SOUND, order=order))
    for start in range(0, len(SOUND), 1000):
        hashes[1].add(SOUND[start : start + 1000])

    assert hashes[0].finish() == hashes[1].finish()
