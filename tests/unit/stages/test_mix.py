"""Pins, reads and results of the mix stage, in the order that they need."""

import shutil
from types import SimpleNamespace

import pytest
from support.memory import MemoryObjects
from support.records import SENT, mix_request
from support.simulation.traffic import tiny_wav
from waveflow.errors import (
    EmptyAudioError,
    FileTooLargeError,
    InvalidMessageError,
    PathNotAllowedError,
    ResourceLimitError,
    SourceChangedError,
    StemMissingError,
    StorageUnavailableError,
)
from waveflow.ports import Policy
from waveflow.stages.mix import mix_stems

A, B = "audio/a.wav", "audio/b.wav"
MIXED = f"mixed/stage1_mixed_{SENT}.wav"
DOCUMENT = f"waveforms/stage1_mixed_waveform_{SENT}.json"
OUTPUTS = (MIXED, MIXED.replace(".wav", ".flac"), DOCUMENT)
BODIES = {A: tiny_wav(1), B: tiny_wav(2)}
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=max(map(len, BODIES.values())),
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Damaging(MemoryObjects):
    """Bucket with stored hashes that flips a bit in the next few reads."""

    damaged = 0

    def read(self, key, *, etag, size=None):
        """Flip a bit in the first sample, while damaged reads are left."""
        body = bytearray(b"".join(super().read(key, etag=etag, size=size)))
        if self.damaged:
            self.damaged -= 1
            body[44] ^= 1
        yield bytes(body)


def stored(bodies=BODIES):
    """Return a bucket that holds stems."""
    objects = Damaging(checksums=True)
    for key, body in bodies.items():
        objects.put(key, body)
    return objects


def run(objects, *paths, **asked):
    """Mix stems, all of the bucket's without paths."""
    request = mix_request(stem_paths=list(paths or BODIES), **asked)
    return mix_stems(request, objects=objects, policy=POLICY)


def refused(objects, error, *paths):
    """Return the message of an expected error, before which nothing was read."""
    with pytest.raises(error) as failure:
        run(objects, *paths)
    assert {call for call, _ in objects.calls} <= {"find"}
    return str(failure.value)


def test_every_stem_is_pinned_before_any_is_read_and_the_wav_is_first():
    """A document must never stand for audio that is not there."""
    objects = stored()

    outcome = run(objects).outcome

    own = [("find", key) for key in OUTPUTS]
    assert objects.calls == [
        *own,
        *[("find", key) for key in BODIES],
        *[("read", key) for key in BODIES],
        *own,
        ("publish", MIXED),
        ("publish", DOCUMENT),
    ]
    assert outcome.result.mixed_file_path == MIXED
    assert outcome.result.waveform_data_path == DOCUMENT


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", EmptyAudioError),
        (b"x" * (POLICY.max_file_bytes + 1), FileTooLargeError),
    ],
)
def test_the_size_of_a_stem_is_checked_before_any_is_read(body, error):
    """A stem of a wrong size must be named before 64 stems are downloaded."""
    objects = stored({A: BODIES[A], B: body})

    assert B in refused(objects, error)


def test_a_missing_stem_is_named():
    """A mix without one of its stems would be a wrong mix."""
    assert B in refused(stored({A: BODIES[A]}), StemMissingError)


OUTSIDE = ["users/ann/a.wav", "mixed/x.wav", "audio/../x"]


@pytest.mark.parametrize("key", [*OUTSIDE, "audio/\ud800"])
def test_a_stem_outside_is_refused_before_any_call(key):
    """A forbidden key must be named as such, whatever comes before it in the list."""
    objects = stored()

    refused(objects, PathNotAllowedError, A, key)

    assert objects.calls == []


@pytest.mark.parametrize("key", OUTSIDE)
def test_a_muted_stem_outside_is_refused_too(key):
    """A key that no mix may read must not come back to a page as part of a mix."""
    objects = stored()
    request = mix_request(stem_paths=[A, key], stems=[{"path": key, "mute": True}])

    with pytest.raises(PathNotAllowedError):
        mix_stems(request, objects=objects, policy=POLICY)

    assert objects.calls == []


def test_a_disk_too_small_for_stems_sum_and_mix_is_told_before_a_fetch(monkeypatch):
    """A mix that overfills the disk must be refused before a paid download."""
    sizes = [len(body) for body in BODIES.values()]
    needed = sum(sizes) + 3 * max(sizes) // 2  # sum and mix, as of 16-bit stereo
    free = SimpleNamespace(free=needed - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free)

    assert str(needed) in refused(stored(), ResourceLimitError)


def test_a_damaged_transfer_is_not_mixed():
    """A stem that arrives damaged must be fetched again, not mixed."""
    clean, damaged = stored(), stored()
    damaged.damaged = 1

    run(clean)
    run(damaged)

    assert damaged.body(MIXED) == clean.body(MIXED)


def test_a_stem_that_stays_damaged_is_mixed_into_nothing():
    """A stem that arrives damaged twice must be left to a retry, without a mix."""
    objects = stored()
    objects.damaged = 2

    with pytest.raises(StorageUnavailableError):
        run(objects)
    assert set(objects.live()) == set(BODIES)


class Changing(MemoryObjects):
    """Bucket in which a stem is replaced or deleted after its pin."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def read(self, key, *, etag, size=None):
        """Change the second stem before the first is read."""
        if key == A and self.after is not None:
            self.put(B, self.after)
        elif key == A:
            self.versions[B].append(None)
        return super().read(key, etag=etag, size=size)


@pytest.mark.parametrize("asked", [{}, {"mix": {}}], ids=["classic", "sum"])
@pytest.mark.parametrize(
    ("after", "error"), [(tiny_wav(3), SourceChangedError), (None, StemMissingError)]
)
def test_a_stem_that_changes_meanwhile_is_not_mixed(after, error, asked):
    """A stem that was replaced meanwhile would be mixed with older ones."""
    objects = Changing(after)
    for key, body in BODIES.items():
        objects.put(key, body)

    with pytest.raises(error):
        run(objects, **asked)
    assert objects.body(MIXED) is None


def test_an_upload_is_no_mix():
    """An upload message that reached mix by a defect must touch no object."""
    request = mix_request(stem_paths=None, stageId=None, stemId="s", filepath=A)

    with pytest.raises(InvalidMessageError):
        mix_stems(request, objects=stored(), policy=POLICY)
