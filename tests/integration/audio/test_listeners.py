"""Zoom levels, identity and previews beside one drawing, on odd and broken files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from support import sound
from support.disk import disk_of, is_open
from support.memory import MemoryObjects
from support.records import UPLOAD, hash_request
from waveflow.audio import codec
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.preview.encoder import Preview, PreviewEncoder, PreviewKind
from waveflow.audio.stream import Block, Listener, Stream
from waveflow.audio.waveform.draw import Waveform, draw, waveform_document
from waveflow.audio.waveform.zoom_levels import Zoom, ZoomLevels
from waveflow.errors import CorruptAudioError, InternalError, ResourceLimitError
from waveflow.events.flow import WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.waveform import draw_waveform

LEVELS = (64, 1_024)


@dataclass
class Everything:
    """All that a message may ask for, guarded beside a drawing of one file."""

    path: Path
    folder: Path
    encoder: Callable[[Path, PreviewKind], Listener[Preview]] = PreviewEncoder
    budget: Budget = field(default_factory=Budget)

    def draw(self) -> Waveform:
        """Return the waveform, with all optional listeners on the decode."""
        return draw(self.path, 500, listen=self._listen)

    def _listen(self, stream: Stream) -> list[Guard[object]]:
        self.zoom = self._guard(lambda: ZoomLevels(stream, LEVELS, split=True))
        self.identity = self._guard(lambda: AudioIdentity(stream, self.path))
        self.previews = {
            kind: self._guard(lambda kind=kind: self.encoder(self.file(kind), kind))
            for kind in PreviewKind
        }
        return [self.zoom, self.identity, *self.previews.values()]

    def _guard(self, start: Callable[[], Listener[object]]) -> Guard:
        return Guard(lambda _: start(), self.budget)

    def file(self, kind: PreviewKind) -> Path:
        """Return where a preview is written."""
        return self.folder / f"a.{kind}"


def document(waveform: Waveform) -> bytes:
    """Return the waveform as the bytes that a stage publishes."""
    return waveform_document(waveform, audio_hash="ab", created_at="now")


def wav_of(path: Path, samples: np.ndarray, *, rate: int = 44_100) -> Path:
    """Write a WAV of floats."""
    return sound.write(path, samples, rate=rate, format="WAV", subtype="FLOAT")


def truncated(path: Path) -> Path:
    """Write a WAV whose header counts more frames than there are."""
    sound.write(path, sound.music(1), format="WAV")
    path.write_bytes(path.read_bytes()[:-1_001])
    return path


def not_finite(path: Path) -> Path:
    """Write a WAV of floats with one NaN and one infinity."""
    samples = sound.music(1)
    samples[100], samples[20_000] = np.nan, -np.inf
    return wav_of(path, samples)


ODD: dict[str, Callable[[Path], Path]] = {
    "one frame": lambda path: wav_of(path, sound.music(1)[:1]),
    "silence": lambda path: wav_of(path, np.zeros((30_000, 2), np.float32)),
    "8 channels": lambda path: wav_of(path, sound.music(1, channels=8)),
    "32 channels": lambda path: wav_of(path, sound.music(1, channels=32)),
    "4 kHz": lambda path: wav_of(path, sound.music(2, rate=4_000), rate=4_000),
    "768 kHz": lambda path: wav_of(path, sound.music(1, rate=768_000), rate=768_000),
    "truncated": truncated,
    "not finite": not_finite,
    "beyond full scale": lambda path: wav_of(path, sound.music(1) * 9),
}
UNKNOWN = ("truncated", "not finite", "beyond full scale")


@pytest.mark.parametrize("what", ODD)
def test_what_is_optional_never_changes_the_waveform(tmp_path, what):
    """A user who asks for a preview must get the waveform of one who does not."""
    path = ODD[what](tmp_path / "a.wav")
    alone = draw(path, 500)
    beside = Everything(path, tmp_path)

    waveform = beside.draw()

    assert document(waveform) == document(alone)
    assert waveform.warnings == alone.warnings
    zoom: Zoom = beside.zoom.finish()
    lengths = [level.length for level in zoom.levels]
    assert lengths == [-(-alone.frames // run) for run in LEVELS]
    assert (beside.identity.finish() is None) == (what in UNKNOWN)
    for guard in beside.previews.values():
        assert guard.finish().duration == alone.duration


def long_enough(path: Path) -> Path:
    """Write a WAV whose previews are larger than what FFmpeg keeps in memory."""
    return sound.write(path, sound.music(80, rate=8_000, channels=1), rate=8_000)


class Failing(PreviewEncoder):
    """Encoder that fails as soon as a part of its file is on the disk."""

    def add(self, block: Block) -> None:
        """Encode the first blocks only."""
        if self.written_bytes:
            raise ZeroDivisionError
        super().add(block)


def check_only_previews_failed(beside: Everything, waveform: Waveform) -> None:
    """Check that drawing and the other outputs are whole, and that no file is left."""
    assert document(waveform) == document(draw(beside.path, 500))
    assert beside.zoom.finish().levels[0].length == -(-waveform.frames // LEVELS[0])
    assert str(beside.identity.finish()).startswith("pcm1:")
    assert not any(beside.file(kind).exists() for kind in PreviewKind)


def test_an_encoder_that_fails_half_way_ends_alone(tmp_path):
    """A fault in a codec library must not cost the waveform, nor fill the disk."""
    path = long_enough(tmp_path / "a.wav")
    beside = Everything(path, tmp_path, encoder=Failing)

    waveform = beside.draw()

    for guard in beside.previews.values():
        with pytest.raises(InternalError):
            guard.finish()
        assert isinstance(guard.error.__cause__, ZeroDivisionError)
    check_only_previews_failed(beside, waveform)


def test_a_full_disk_ends_previews_alone(tmp_path):
    """A Lambda whose disk is full must not call a good upload corrupt."""
    path = long_enough(tmp_path / "a.wav")
    beside = Everything(path, tmp_path)

    with disk_of(60_000):
        waveform = beside.draw()

    for guard in beside.previews.values():
        with pytest.raises(ResourceLimitError, match="disk has no room"):
            guard.finish()
    check_only_previews_failed(beside, waveform)


@pytest.mark.parametrize("what", ["time_s", "disk_bytes"])
def test_a_used_up_budget_ends_what_is_optional(tmp_path, what):
    """Optional outputs must not take the time that the waveform needs."""
    path = sound.write(tmp_path / "a.wav", sound.music(5))
    beside = Everything(path, tmp_path, budget=Budget(**{what: 0}))

    waveform = beside.draw()

    assert document(waveform) == document(draw(path, 500))
    for guard in beside.previews.values():
        with pytest.raises(ResourceLimitError):
            guard.finish()
    assert not any(beside.file(kind).exists() for kind in PreviewKind)


def test_a_decoder_that_fails_leaves_no_preview(tmp_path):
    """A removed file that stays open would take the disk of the next upload."""
    path = sound.write(tmp_path / "a", sound.music(20), format="FLAC")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4_000] = bytes(4_000)
    objects, scratch = MemoryObjects(), tmp_path / "scratch"
    scratch.mkdir()
    objects.put(UPLOAD["filepath"], bytes(content))
    policy = Policy(
        allowed_prefixes=("audio/",),
        max_file_bytes=10_000_000,
        dedupe_mode="delete",
        verdict_mode="callback",
        scratch=scratch,
    )
    request = hash_request(previews=["opus", "mp3"])
    pinned = hash_object(request, objects=objects, policy=policy)

    with pytest.raises(CorruptAudioError):
        draw_waveform(
            WaveformRequest(job=pinned.job, source=pinned.source),
            objects=objects,
            policy=policy,
        )

    assert not list(scratch.iterdir())
    assert not is_open(scratch)


def flac_of(claimed: int) -> Callable[[Path, np.ndarray], Path]:
    """Return a writer of FLAC that claims a length, and hides its last frame."""

    def write(path: Path, samples: np.ndarray) -> Path:
        sound.write(path, samples, format="FLAC")
        content = bytearray(path.read_bytes())
        content[21] &= 0xF0
        content[22:26] = claimed.to_bytes(4, "big")
        path.write_bytes(bytes(content) + bytes(1_200_000))
        return path

    return write


def mp3_in_wav(path: Path, samples: np.ndarray) -> Path:
    """Write a WAV that holds MP3 with FFmpeg."""
    sound.encode(path, samples, codec="libmp3lame", container="wav")
    return path


def finished(beside: Everything) -> tuple[list[bytes], list[bytes]]:
    """Return the bytes of all previews, and of all zoom levels."""
    for guard in beside.previews.values():
        guard.finish()
    previews = [beside.file(kind).read_bytes() for kind in PreviewKind]
    return previews, [level.dat() for level in beside.zoom.finish().levels]


@pytest.mark.parametrize(
    ("write", "has_identity"),
    [
        (flac_of(0), True),
        (flac_of(100_000), True),
        (flac_of(300_000), False),
        (mp3_in_wav, False),
    ],
    ids=["unknown", "too short", "too long", "mp3 in wav"],
)
def test_a_drawing_that_begins_again_is_heard_once(tmp_path, write, *, has_identity):
    """A wrong guess of the length must not play a part of the recording twice."""
    path = write(tmp_path / "a", sound.music(5))
    guess = codec.open_audio(path).frames
    beside = Everything(path, tmp_path)

    waveform = beside.draw()

    whole = np.concatenate(
        [block.copy() for block in codec.blocks(codec.open_audio(path))]
    )
    assert guess != len(whole) == waveform.frames
    subtype = "PCM_16" if whole.dtype == np.int16 else "FLOAT"
    plain = Everything(
        sound.write(tmp_path / "plain.wav", whole, subtype=subtype), tmp_path
    )
    previews, zoom = finished(beside)
    plain.draw()
    expected = finished(plain)
    assert previews == expected[0]
    # Samples of MP3 are rounded by another rule than those of float files.
    assert (zoom == expected[1]) == (whole.dtype == np.int16)
    assert len(zoom[0]) == len(expected[1][0])
    found = plain.identity.finish() if has_identity else None
    assert beside.identity.finish() == found
