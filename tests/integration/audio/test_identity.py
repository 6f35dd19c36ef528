"""Identity of the sound: what changes the string of a recording, and what does not."""

import hashlib
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from waveflow.audio import codec
from waveflow.audio.formats import ogg
from waveflow.audio.listen.identity import RUN_FRAMES, AudioIdentity, SampleHash

RATE = 44_100
SOUND = (sound.music(3) * 32_767).astype(np.int16)


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where another program is not installed."""
    return pytest.mark.skipif(
        not shutil.which(program), reason=f"{program} is not installed"
    )


def identity(path: Path) -> str | None:
    """Return the identity of a file as a drawing stage computes it."""
    stream = codec.open_audio(path)
    listener = AudioIdentity(stream, path)
    codec.decode_into(stream, [listener])
    return listener.finish()


def run(*command: str | Path) -> None:
    """Run another program, quietly."""
    subprocess.run(command, check=True, capture_output=True)


def ffmpeg(source: Path, target: Path, *options: str) -> Path:
    """Let FFmpeg wrap or encode a file."""
    run("ffmpeg", "-v", "error", "-y", "-i", source, *options, target)
    return target


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


@needs("flac")
def test_the_flac_program_gives_the_same_recording(original, tmp_path):
    """FLAC's own encoder is what most studios use."""
    run("flac", "--silent", "-T", "TITLE=x", "-o", tmp_path / "a.flac", original)

    assert identity(tmp_path / "a.flac") == identity(original)


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
    """A string shared by different sounds would tell people something wrong."""
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


@pytest.fixture(scope="module")
def lossy(original, tmp_path_factory) -> dict[str, Path]:
    """Return the recording as MP3, Ogg, Opus and AAC by FFmpeg's encoders."""
    folder = tmp_path_factory.mktemp("lossy")
    return {
        "mp3": ffmpeg(original, folder / "a.mp3", "-c:a", "libmp3lame"),
        "ogg": ffmpeg(original, folder / "a.ogg", "-c:a", "libvorbis"),
        "opus": ffmpeg(original, folder / "a.opus", "-c:a", "libopus"),
        "m4a": ffmpeg(original, folder / "a.m4a", "-c:a", "aac"),
    }


KINDS = ["mp3", "ogg", "opus", "m4a"]


@needs("ffmpeg")
@pytest.mark.parametrize("kind", KINDS)
def test_remuxed_and_retagged_files_keep_their_packets(lossy, tmp_path, kind):
    """A copy with another title is the same recording."""
    copy = tmp_path / f"a.{kind}"
    ffmpeg(lossy[kind], copy, "-c", "copy", "-metadata", "title=Other")

    assert copy.read_bytes() != lossy[kind].read_bytes()
    assert str(identity(copy)).startswith("pkt1:")
    assert identity(copy) == identity(lossy[kind])


@needs("ffmpeg")
def test_tags_and_headers_of_mp3_are_no_packets(lossy, tmp_path):
    """ID3v1, Lyrics3v2, APE tags and the Info frame come and go with every tagger."""
    body = lossy["mp3"].read_bytes()
    lyrics = b"LYRICSBEGININD0000200" + b"LYR00010some words"
    lyrics += b"%06dLYRICS200" % len(lyrics)
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8)
    id3 = b"TAG" + b"x" * 125
    bare = ffmpeg(lossy["mp3"], tmp_path / "bare.mp3", "-c", "copy", "-write_xing", "0")
    copies = {"bare": bare.read_bytes(), "id3": body + id3}
    copies |= {"lyrics": body + lyrics + id3, "ape": body + ape + id3}

    found = {}
    for name, content in copies.items():
        (tmp_path / "copy.mp3").write_bytes(content)
        found[name] = identity(tmp_path / "copy.mp3")

    assert found == dict.fromkeys(copies, identity(lossy["mp3"]))


@needs("ffmpeg")
def test_opus_in_another_wrapping_keeps_its_packets(lossy, tmp_path):
    """A copy through Matroska holds the same packets and the same header."""
    there = ffmpeg(lossy["opus"], tmp_path / "a.mkv", "-c", "copy")
    back = ffmpeg(there, tmp_path / "a.opus", "-c", "copy")

    assert identity(back) == identity(lossy["opus"])


@needs("ffmpeg")
def test_aac_through_adts_keeps_its_packets(lossy, tmp_path):
    """The set-up that FFmpeg writes for ADTS lacks an empty extension."""
    there = ffmpeg(lossy["m4a"], tmp_path / "a.aac", "-c", "copy")
    back = ffmpeg(there, tmp_path / "a.m4a", "-c", "copy")

    assert identity(back) == identity(lossy["m4a"])


def with_opus_head(body: bytes, offset: int, value: bytes) -> bytes:
    """Return an Opus file with bytes of its header changed, and a right checksum."""
    page = next(ogg.pages(body))
    head = body.index(b"OpusHead") + offset
    changed = bytearray(body)
    changed[head : head + len(value)] = value
    changed[22:26] = checksum(bytes(changed[: page.stop]))
    return bytes(changed)


def checksum(page: bytes) -> bytes:
    """Return the checksum of an Ogg page, computed bit by bit."""
    rest = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ (0x04C11DB7 if rest & 1 << 31 else 0)
            rest &= 0xFFFFFFFF
    return rest.to_bytes(4, "little")


@needs("ffmpeg")
@pytest.mark.parametrize(
    ("offset", "value"),
    [(16, struct.pack("<h", -12 * 256)), (10, struct.pack("<H", 1000))],
    ids=["gain", "pre-skip"],
)
def test_another_opus_header_is_another_recording(lossy, tmp_path, offset, value):
    """The same packets 12 dB lower, or cut elsewhere, are not the same sound."""
    path = tmp_path / "a.opus"
    path.write_bytes(with_opus_head(lossy["opus"].read_bytes(), offset, value))

    assert identity(path) not in {None, identity(lossy["opus"])}


@needs("opusenc")
def test_opusenc_files_are_remuxed_without_change(original, tmp_path):
    """Files of Opus' own encoder have other pages than FFmpeg's."""
    path, copy = tmp_path / "a.opus", tmp_path / "b.opus"
    run("opusenc", "--quiet", original, path)
    ffmpeg(path, copy, "-c", "copy", "-metadata", "title=Other")

    assert identity(copy) == identity(path)


@needs("lame")
def test_lame_files_are_retagged_without_change(original, tmp_path):
    """Files of LAME's own encoder keep their string under new tags."""
    plain, tagged = tmp_path / "a.mp3", tmp_path / "b.mp3"
    run("lame", "--quiet", original, plain)
    run("lame", "--quiet", "--tt", "Title", "--add-id3v2", original, tagged)

    assert identity(tagged) == identity(plain)


@needs("ffmpeg")
@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_chain_counts_every_link_with_its_headers(lossy, tmp_path, kind):
    """The second half of a chain must count, and in its order."""
    first = lossy[kind].read_bytes()
    other = tmp_path / f"other.{kind}"
    soundfile.write(other.with_suffix(".wav"), SOUND[::-1], RATE)
    coder = {"ogg": "libvorbis", "opus": "libopus"}[kind]
    ffmpeg(other.with_suffix(".wav"), other, "-c:a", coder)
    second = other.read_bytes()
    found = []
    for content in (first, first + second, second + first, first + first):
        (tmp_path / "chain").write_bytes(content)
        found.append(identity(tmp_path / "chain"))

    assert None not in found
    assert len(set(found)) == 4


@needs("ffmpeg")
@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_packet_is_another_recording(lossy, tmp_path, kind):
    """A string that does not depend on every packet would join different takes."""
    samples = SOUND.copy()
    samples[60_000:] //= 2
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    coders = {"mp3": "libmp3lame", "ogg": "libvorbis", "opus": "libopus", "m4a": "aac"}
    changed = ffmpeg(tmp_path / "a.wav", tmp_path / f"a.{kind}", "-c:a", coders[kind])

    assert identity(changed) != identity(lossy[kind])
