"""Mixes of two requests under one stage and time: the first one stays."""

import hashlib
import json

import pytest
from support.memory import MemoryObjects
from support.records import SENT, START, mix_request, record
from support.simulation.traffic import tiny_wav
from waveflow.errors import InvalidMessageError
from waveflow.events.deliveries import delivery_of_failure
from waveflow.events.flow import TellFailureRequest
from waveflow.events.normalise import read_job
from waveflow.ports import Policy
from waveflow.stages._mix_claim import MixClaim
from waveflow.stages.mix import mix_stems

A, B = "audio/a.wav", "audio/b.wav"
MIXED = f"mixed/stage1_mixed_{SENT}.wav"
DOCUMENT = f"waveforms/stage1_mixed_waveform_{SENT}.json"
OUTPUTS = (MIXED, MIXED.replace(".wav", ".flac"), DOCUMENT)
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Bucket(MemoryObjects):
    """Bucket in which another request's object may appear at a bad moment."""

    late: str | None = None  # appears while stems are read
    latest: str | None = None  # appears between the last look and the write

    def read(self, key, *, etag, size=None):
        """Let another request write its object meanwhile."""
        if self.late:
            self.put(self.late, b"another", {"waveflow-request": "0" * 64})
        return super().read(key, etag=etag, size=size)

    def publish(self, key, content, **how):
        """Let another request write its object just before."""
        if key == self.latest:
            self.put(key, b"another", {"waveflow-request": "0" * 64})
        super().publish(key, content, **how)


@pytest.fixture
def objects():
    """Return a bucket that holds two stems."""
    bucket = Bucket()
    for n, key in enumerate((A, B)):
        bucket.put(key, tiny_wav(n))
    return bucket


def mix(objects, *paths, **asked):
    """Mix stems in an order."""
    request = mix_request(stem_paths=list(paths), **asked)
    return mix_stems(request, objects=objects, policy=POLICY)


def test_a_mix_carries_the_hash_of_what_was_asked_for(objects):
    """A server that knows RFC 8785 must find the mix of its message by metadata."""
    mix(objects, A, B)

    text = json.dumps({"stem_paths": [A, B]}, separators=(",", ":"))
    asked = hashlib.sha256(text.encode()).hexdigest()
    found = [objects.find(key).metadata for key in (MIXED, DOCUMENT)]
    assert [metadata["waveflow-request"] for metadata in found] == [asked] * 2


def test_numbers_and_nulls_of_a_request_are_hashed_as_rfc_8785_writes_them(objects):
    """A server in JavaScript writes -14 where Python says -14.0, and has one hash."""
    loud = {"loudness": {"integrated": -14.0}, "format": None}
    fader = {"path": B, "pan": None, "gain_db": -3.50}

    mix(objects, A, B, mix=loud, stems=[fader])

    text = (
        '{"mix":{"loudness":{"integrated":-14}},"stem_paths":["audio/a.wav",'
        '"audio/b.wav"],"stems":[{"gain_db":-3.5,"path":"audio/b.wav"}]}'
    )
    asked = hashlib.sha256(text.encode()).hexdigest()
    assert objects.find(MIXED).metadata["waveflow-request"] == asked
    assert objects.find(DOCUMENT).metadata["waveflow-request"] == asked


@pytest.mark.parametrize(
    "other", [{"previews": ["opus"]}, {"upstreamId": "up-2"}, {"mix": None}]
)
def test_what_does_not_change_the_sound_is_no_other_request(objects, other):
    """A server that asks for a preview later must not be refused its own mix."""
    mix(objects, A, B)

    assert mix(objects, A, B, **other).outcome.status == "SUCCESS"


@pytest.mark.parametrize(
    "other", [{"mix": {}}, {"stems": []}, {"mix": {}, "stems": [{"path": A}]}]
)
def test_each_option_makes_another_request(objects, other):
    """A sum must not replace a classic mix, nor be told in its place."""
    mix(objects, A, B)

    with pytest.raises(InvalidMessageError, match="another timestamp"):
        mix(objects, A, B, **other)


def test_the_same_request_again_is_no_other_request(objects):
    """A redelivered message must end as the first one did."""
    first = mix(objects, A, B).outcome.result

    assert mix(objects, A, B).outcome.result == first


@pytest.mark.parametrize(
    ("given", "task_id"), [({}, "message-1"), ({"id": "mine"}, "mine")]
)
def test_a_refused_request_has_an_id_of_its_own(given, task_id):
    """A server takes a second webhook under the first mix's id for a repeat."""
    kwargs = {"stageId": "stage1", "stem_paths": [A]}
    body = {"task": "mix_stems_and_upload", "kwargs": kwargs, **given}
    request = TellFailureRequest(
        record=record(body), start=START, name="run-1", stage="mix", error={}
    )

    refused = delivery_of_failure(request, read_job(request), code="INVALID_MESSAGE")
    failed = delivery_of_failure(request, read_job(request), code="STEM_MISSING")

    assert refused.payload["task_id"] == task_id
    assert failed.payload["task_id"] == given.get("id", read_job(request).job_id)


def test_another_request_is_refused_before_a_fetch(objects):
    """The second mix of one time must not replace the first without a word."""
    mix(objects, A, B)
    kept, objects.calls = objects.body(MIXED), []

    with pytest.raises(InvalidMessageError, match="another timestamp"):
        mix(objects, B, A)

    assert {call for call, _ in objects.calls} == {"find"}
    assert objects.body(MIXED) == kept


@pytest.mark.parametrize("key", OUTPUTS)
@pytest.mark.parametrize("is_late", [False, True])
def test_no_object_of_another_request_is_replaced(objects, key, is_late):
    """Audio in another format or a document of another mix also holds the time."""
    objects.late = key
    if not is_late:
        list(objects.read(A, etag=objects.find(A).etag))

    with pytest.raises(InvalidMessageError):
        mix(objects, A, B)

    assert objects.body(key) == b"another"
    assert set(objects.live()) == {A, B, key}


@pytest.mark.parametrize("key", [MIXED, DOCUMENT])
def test_an_object_that_came_after_the_last_look_stays(objects, key):
    """Two mixes that end in the same second must not share one audio key."""
    objects.latest = key

    with pytest.raises(InvalidMessageError):
        mix(objects, A, B)

    assert objects.body(key) == b"another"


LEFT = {"wav": OUTPUTS[1], "flac": MIXED}


@pytest.mark.parametrize("form", LEFT)
@pytest.mark.parametrize("is_killed", [False, True])
def test_what_a_loser_left_does_not_stop_the_winner(objects, form, is_killed):
    """Two formats have two keys: a redelivered winner must not be told as refused."""
    request = mix_request(stem_paths=[A, B], mix={"format": f"{form}24"})
    first = mix_stems(request, objects=objects, policy=POLICY).outcome.result
    objects.put(LEFT[form], b"another", {"waveflow-request": "0" * 64})
    if is_killed:  # between audio and document
        del objects.versions[DOCUMENT]

    again = mix_stems(request, objects=objects, policy=POLICY).outcome.result

    assert again == first
    assert DOCUMENT in objects.live()


def test_the_document_says_which_of_two_formats_has_won(objects):
    """A loser must be refused again after its audio was written beside the winner's."""
    mix(objects, A, B)
    request = mix_request(stem_paths=[A, B], mix={"format": "flac24"})
    carried = MixClaim(request).metadata
    objects.put(OUTPUTS[1], b"lost", carried)
    objects.calls = []

    with pytest.raises(InvalidMessageError):
        mix_stems(request, objects=objects, policy=POLICY)

    assert {call for call, _ in objects.calls} == {"find"}


def test_a_mix_of_an_older_release_is_replaced(objects):
    """A redelivered message must mend what an older release wrote."""
    objects.put(MIXED, b"older")

    mix(objects, A, B)

    assert objects.body(MIXED).startswith(b"RIFF")
