"""The mix stage pins every stem, uses all of them, and publishes the WAV first."""

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
BODIES = {A: tiny_wav(1), B: tiny_wav(2)}
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=max(map(len, BODIES.values())),
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Damaging(MemoryObjects):
    """A bucket that keeps hashes, and flips a bit in the next few reads."""

    damaged = 0

    def read(self, key, *, etag):
        """Damage the first byte of the samples, while there is damage left."""
        body = bytearray(b"".join(super().read(key, etag=etag)))
        if self.damaged:
            self.damaged -= 1
            body[44] ^= 1
        yield bytes(body)


def stored(bodies=BODIES):
    """Return a bucket with stems."""
    objects = Damaging(checksums=True)
    for key, body in bodies.items():
        objects.put(key, body)
    return objects


def run(objects, *paths):
    """Mix stems."""
    request = mix_request(stem_paths=list(paths or BODIES))
    return mix_stems(request, objects=objects, policy=POLICY)


def refused(objects, error, *paths):
    """Expect an error, and nothing read or written on the way to it."""
    with pytest.raises(error) as failure:
        run(objects, *paths)
    assert {call for call, _ in objects.calls} <= {"find"}
    return str(failure.value)


def test_every_stem_is_pinned_before_any_is_read_and_the_wav_is_first():
    """A document must never stand for audio that is not there."""
    objects = stored()

    outcome = run(objects).outcome

    assert objects.calls == [
        *[("find", key) for key in BODIES],
        *[("read", key) for key in BODIES],
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
    """The sentence names the stem; 64 downloads are not made to learn it."""
    objects = stored({A: BODIES[A], B: body})

    assert B in refused(objects, error)


def test_a_missing_stem_is_named():
    """A mix without one of its stems would be a wrong mix."""
    assert B in refused(stored({A: BODIES[A]}), StemMissingError)


@pytest.mark.parametrize("key", ["users/ann/a.wav", "mixed/x.wav", "audio/../x"])
def test_a_stem_outside_is_never_touched(key):
    """The prefixes hold for every path of the list."""
    objects = stored()

    refused(objects, PathNotAllowedError, A, key)

    assert ("find", key) not in objects.calls


def test_stems_that_do_not_fit_the_disk_are_told_before_they_fill_it(monkeypatch):
    """Half a download would be paid for and thrown away."""
    needed = sum(map(len, BODIES.values()))
    free = SimpleNamespace(free=needed - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free)

    assert str(needed) in refused(stored(), ResourceLimitError)


def test_a_damaged_transfer_is_not_mixed():
    """A stem that arrives damaged is fetched once more, by the store's own hash."""
    clean, damaged = stored(), stored()
    damaged.damaged = 1

    run(clean)
    run(damaged)

    assert damaged.body(MIXED) == clean.body(MIXED)


def test_a_stem_that_stays_damaged_is_mixed_into_nothing():
    """The machine tries again later."""
    objects = stored()
    objects.damaged = 2

    with pytest.raises(StorageUnavailableError):
        run(objects)
    assert set(objects.live()) == set(BODIES)


class Changing(MemoryObjects):
    """A bucket in which a stem is replaced or deleted after it was pinned."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def read(self, key, *, etag):
        """Change the second stem before the first is read."""
        if key == A and self.after is not None:
            self.put(B, self.after)
        elif key == A:
            self.versions[B].append(None)
        return super().read(key, etag=etag)


@pytest.mark.parametrize(
    ("after", "error"), [(tiny_wav(3), SourceChangedError), (None, StemMissingError)]
)
def test_a_stem_that_changes_meanwhile_is_not_mixed(after, error):
    """A stem that was replaced meanwhile would be mixed with older ones."""
    objects = Changing(after)
    for key, body in BODIES.items():
        objects.put(key, body)

    with pytest.raises(error):
        run(objects)
    assert objects.body(MIXED) is None


def test_an_upload_is_no_mix():
    """The machine never sends one here; if it did, nothing may happen."""
    request = mix_request(stem_paths=None, stageId=None, stemId="s", filepath=A)

    with pytest.raises(InvalidMessageError):
        mix_stems(request, objects=stored(), policy=POLICY)
