"""Pins, reads, document and refusals of the compare stage."""

import io
import json

import msgspec
import numpy as np
import pytest
import soundfile
from support.comparing import (
    DOCUMENT,
    MIX,
    NEW,
    ONE,
    POLICY,
    REMOVED,
    SAME,
    A,
    B,
    Bucket,
    filled_bucket,
    run,
)
from support.records import SENT, hash_request
from waveflow.audio.compare.allowance import Allowance
from waveflow.errors import (
    AudioTooLongError,
    CorruptAudioError,
    EmptyAudioError,
    FileTooLargeError,
    InvalidMessageError,
    PathNotAllowedError,
    StemMissingError,
)
from waveflow.events.fields import iso_time
from waveflow.events.flow import MixRequest
from waveflow.ports import DRAWN_BY, SOURCE
from waveflow.stages._used import mark_of, marks_in
from waveflow.stages.compare import compare_pairs


def few_frames(allowance):
    """Begin an allowance with room for one decoded version, and no more."""
    allowance.channel_hours, allowance.warnings = 60 / 8_000 / 3_600, set()


def sawtooth(level):
    """Return a WAV of two seconds of a sawtooth at a level."""
    steps = np.arange(2 * 8_000) * 331 % 32_768 / 16_384 - 1
    file = io.BytesIO()
    soundfile.write(file, (steps * level).astype(np.float32), 8_000, format="WAV")
    return file.getvalue()


@pytest.fixture
def objects():
    """Return a bucket that holds two equal stems and a mix."""
    return filled_bucket()


def test_all_versions_are_pinned_before_any_is_read_and_nothing_else_is_written(
    objects,
):
    """A version replaced while others are compared must be noticed, not mixed in."""
    before = set(objects.live())

    run(objects, SAME, REMOVED)

    assert objects.calls == [
        *[("find", key) for key in (DOCUMENT, A, B, MIX)],
        *[("read", key) for key in (A, B, MIX)],
        ("publish", DOCUMENT),
    ]
    assert set(objects.live()) - before == {DOCUMENT}


def test_the_document_reports_each_pair_in_order(objects):
    """A page shows the report of the third pair beside the third stem."""
    outcome = run(objects, NEW, SAME, REMOVED).outcome

    document = json.loads(objects.body(DOCUMENT))
    assert {*document} == {"version", "created_at", "pairs"}
    assert (document["version"], document["created_at"]) == (1, iso_time(SENT))
    statuses = [pair["status"] for pair in document["pairs"]]
    assert statuses == outcome.result.statuses == ["new", "same", "removed"]
    new, same, removed = document["pairs"]
    assert (new["before"], removed["after"]) == (None, None)
    assert same["before"] == same["after"] == new["after"]
    assert (outcome.status, outcome.result.comparison_path) == ("SUCCESS", DOCUMENT)


def test_the_document_names_its_sources_and_its_algorithm(objects):
    """An operator must tell documents of other bytes, or of an older engine, apart."""
    run(objects, SAME, timestamp="2026-01-01T00:00:00Z")
    run(objects, NEW, timestamp="2026-01-02T00:00:00Z")

    written = [objects.find(key) for key in objects.live() if "comparisons/" in key]
    assert [each.metadata[DRAWN_BY] for each in written] == ["1", "1"]
    assert len({each.metadata[SOURCE] for each in written}) == 2


def test_the_document_says_which_versions_it_used(objects):
    """Whoever erases a stem must find the comparisons that tell about it."""
    run(objects, SAME, REMOVED)

    metadata = objects.find(DOCUMENT).metadata
    assert marks_in(metadata) == {mark_of(key) for key in (A, B, MIX)}


def test_64_pairs_of_distinct_keys_fit_into_the_metadata(objects):
    """S3 refuses a PUT with more than 2 KB of metadata, after all the work is done."""
    pairs = []
    for n in range(64):
        keys = [f"audio/{n}-{side}.wav" for side in "ab"]
        for key in keys:
            objects.put(key, ONE)
        pairs.append(dict(zip(("before", "after"), keys, strict=True)))

    run(objects, *pairs)

    metadata = objects.find(DOCUMENT).metadata
    assert sum(len(name) + len(value) for name, value in metadata.items()) < 2_048


def test_a_version_that_is_compared_with_itself_is_the_same_and_read_once(objects):
    """A page that picks one mix twice must get an answer, at the price of one read."""
    outcome = run(objects, {"before": MIX, "after": MIX}).outcome

    assert outcome.result.statuses == ["same"]
    assert objects.calls.count(("read", MIX)) == 1


def test_the_disk_holds_the_files_of_one_pair(objects, tmp_path):
    """64 pairs of 100 MB would not fit a function's disk at one time."""
    most = []

    class Counting(Bucket):
        """Bucket that counts the downloaded files at each read."""

        def read(self, key, *, etag, size=None):
            most.append(len([*tmp_path.rglob("version-*")]))
            return super().read(key, etag=etag, size=size)

    objects.__class__ = Counting
    policy = msgspec.structs.replace(POLICY, scratch=tmp_path)

    run(objects, *[SAME] * 3, policy=policy)

    assert max(most) <= 2
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("field", ["before", "after"])
def test_a_version_that_is_not_stored_is_named_before_any_read(objects, field):
    """A server must learn which of 64 pairs has lost its object, as of a mix."""
    with pytest.raises(StemMissingError, match=r"audio/gone\.wav"):
        run(objects, SAME, {field: "audio/gone.wav"})

    assert {call for call, _ in objects.calls} == {"find"}


FORBIDDEN = [
    "users/ann/a.wav",
    "waveforms/a.wav",
    "previews/a.mp3",
    "comparisons/stage1_1.json",
    "dedupe/s_1.json",
    "mixed/",
    "mixed/../audio/a.wav",
    "mixedup/a.wav",
    "audio/\ud800",
]


@pytest.mark.parametrize("key", FORBIDDEN)
@pytest.mark.parametrize("field", ["before", "after"])
def test_a_key_outside_uploads_and_mixes_is_refused_before_any_call(
    objects, key, field
):
    """A comparison must not be a way to read what its role or user may not read."""
    with pytest.raises(PathNotAllowedError):
        run(objects, SAME, {field: key})

    assert objects.calls == []


def test_an_upload_has_the_limit_of_uploads_and_a_mix_that_of_mixes(objects):
    """A mix of ten minutes is larger than any upload, and must be comparable."""
    longer = ONE + b"\0\0"
    objects.put(MIX, longer)

    assert run(objects, REMOVED).outcome.result.statuses == ["removed"]
    objects.put(A, longer)
    with pytest.raises(FileTooLargeError, match=A):
        run(objects, SAME, timestamp="2026-01-01T00:00:00Z")


def test_a_version_without_bytes_is_refused_before_any_read(objects):
    """Nothing can be compared with an upload that never arrived."""
    objects.put(A, b"")

    with pytest.raises(EmptyAudioError, match=A):
        run(objects, SAME)
    assert ("read", A) not in objects.calls


def test_a_version_that_ends_early_is_compared_with_a_warning(objects):
    """A musician must hear that an upload lacks its end, not "changed" alone."""
    objects.put(B, ONE[:-10])

    result = run(objects, {"after": A}, {"after": B}).outcome.result

    assert result.statuses == ["new", "new"]
    assert result.warnings == ["TRUNCATED"]


def test_hours_of_sound_are_counted_over_all_pairs(objects, monkeypatch):
    """64 pairs of an hour each would outlast the function, and be lost at its end."""
    monkeypatch.setattr(Allowance, "__init__", few_frames)

    assert run(objects, NEW).outcome.result.statuses == ["new"]
    with pytest.raises(AudioTooLongError, match=r"pairs\[1\]: "):
        run(objects, NEW, SAME, timestamp="2026-01-01T00:00:00Z")


def test_two_takes_are_told_apart_and_the_document_says_how(objects):
    """The stage must hand the engine's whole report on, for a page to draw."""
    loud = sawtooth(0.5)
    objects.put("audio/loud.wav", loud)
    objects.put("audio/quiet.wav", sawtooth(0.25))
    policy = msgspec.structs.replace(POLICY, max_file_bytes=len(loud))
    pair = {"before": "audio/loud.wav", "after": "audio/quiet.wav"}

    outcome = run(objects, pair, num_peaks=8, policy=policy).outcome

    [report] = json.loads(objects.body(DOCUMENT))["pairs"]
    assert outcome.result.statuses == [report["status"]] == ["changed"]
    assert report["gain_db"] == pytest.approx(-6.02, abs=0.01)
    assert (report["regions"], len(report["peaks_delta"])) == ([], 8)


def test_an_error_names_its_pair(objects):
    """Of 64 pairs, the one that cannot be decoded must be told to a musician."""
    objects.put(B, b"RIFF" + ONE[4:20])

    with pytest.raises(CorruptAudioError, match=r"pairs\[1\]: "):
        run(objects, NEW, SAME)
    assert objects.body(DOCUMENT) is None


def test_another_message_is_no_comparison(objects):
    """An upload that reached the stage by a defect must touch no object."""
    upload = hash_request()
    request = MixRequest(record=upload.record, start=upload.start, name="run-1")

    with pytest.raises(InvalidMessageError):
        compare_pairs(request, objects=objects, policy=POLICY)
    assert objects.calls == []
