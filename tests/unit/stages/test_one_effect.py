"""Effects of a job: exactly one, told to the server, whatever runs beside."""

import json

import msgspec
import pytest
from support.memory import Interrupted
from support.records import TS, hash_request
from support.simulation.traffic import tiny_wav
from waveflow.errors import (
    DedupeRefusedError,
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.events.flow import DedupeDeleteRequest, WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object
from waveflow.stages.waveform import draw_waveform

OLDER, NEWER = "audio/older.wav", "audio/sample.wav"
BODY, OTHER = tiny_wav(1), tiny_wav(2)
RECORD = f"dedupe/stem789_{TS}.json"
DOCUMENT = f"waveforms/stem789_waveform_{TS}.json"
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


@pytest.fixture
def objects():
    """Return a bucket with an older stem and its newer copy."""
    bucket = Interrupted()
    bucket.put(OLDER, BODY)
    bucket.put(NEWER, BODY)
    return bucket


def pin(objects, **fields):
    """Pin the upload of a message, as the stage `hash` does."""
    return hash_object(hash_request(**fields), objects=objects, policy=POLICY)


def delete(objects, pinned, *, survivor=OLDER):
    """Delete the pinned upload as a duplicate, and return the status."""
    claim = {"stemId": f"of {survivor}", "filepath": survivor}
    request = DedupeDeleteRequest(
        job=pinned.job, source=pinned.source, duplicate_of=claim
    )
    return delete_duplicate(request, objects=objects, policy=POLICY).status


def draw(objects, pinned):
    """Draw the pinned upload."""
    request = WaveformRequest(job=pinned.job, source=pinned.source)
    return draw_waveform(request, objects=objects, policy=POLICY)


def test_a_drawing_beside_a_finished_deletion_ends_as_that_duplicate(objects):
    """A server must not be told SUCCESS about a file that a deletion has taken."""
    pinned = pin(objects)
    objects.at("before", "publish", DOCUMENT, lambda: delete(objects, pinned))

    outcome = draw(objects, pinned)

    assert outcome.status == "DUPLICATE"
    assert outcome.result.duplicate_of.filepath == OLDER
    assert objects.body(NEWER) is None


@pytest.mark.parametrize("state", ["intended", "decided"])
def test_a_drawing_beside_a_deletion_under_way_waits(objects, state):
    """A drawing that cannot know the deletion's end must leave the job to a retry."""
    pinned, drawn = pin(objects), []

    def drawing():
        with pytest.raises(StorageUnavailableError):
            draw(objects, pinned)
        drawn.append(True)

    objects.at("after", state, RECORD, drawing)
    try:
        told = delete(objects, pinned)
    except DedupeRefusedError as refused:
        told = refused.reason

    again = draw(objects, pinned).status
    assert drawn
    assert (told, again) in {("DUPLICATE", "DUPLICATE"), ("DRAWN", "SUCCESS")}
    assert (objects.body(NEWER) is None) == (told == "DUPLICATE")


def test_a_deletion_finds_the_drawing_that_came_before_its_record(objects):
    """A deletion beside a drawing that was told SUCCESS would lose a user's stem."""
    pinned, told = pin(objects), []
    objects.at(
        "before", "intended", RECORD, lambda: told.append(draw(objects, pinned).status)
    )

    with pytest.raises(DedupeRefusedError, match="DRAWN"):
        delete(objects, pinned)

    assert told == ["SUCCESS"]
    assert draw(objects, pinned).status == "SUCCESS"
    assert objects.body(NEWER) == BODY


def test_an_old_invocation_cannot_delete_what_its_retry_called_off(objects):
    """An invocation that still runs beside its retry must not delete a kept stem."""
    pinned = pin(objects)

    def retry():
        objects.put(DOCUMENT, b'{"audio_hash": "x"}')
        with pytest.raises(DedupeRefusedError, match="DRAWN"):
            delete(objects, pinned)

    objects.at("before", "decided", RECORD, retry)
    with pytest.raises(StorageUnavailableError):
        delete(objects, pinned)

    assert objects.body(NEWER) == BODY


def test_a_decided_deletion_is_carried_out_by_the_next_run(objects):
    """A job whose process died between record and delete must end as DUPLICATE."""
    pinned = pin(objects)

    def dies():
        raise StorageUnavailableError("The process is gone.")

    objects.at("before", "delete", NEWER, dies)
    with pytest.raises(StorageUnavailableError):
        delete(objects, pinned)
    objects.put(DOCUMENT, b"{}")

    assert delete(objects, pinned) == "DUPLICATE"


def test_a_pin_of_the_same_bytes_leaves_the_record_of_their_deletion(objects):
    """An older delivery must not replace the record, whose version a restore needs."""
    first = pin(objects)
    objects.put(NEWER, BODY)
    second = pin(objects)
    assert delete(objects, second) == "DUPLICATE"
    record = objects.body(RECORD)

    assert delete(objects, first) == "DUPLICATE"

    assert objects.body(RECORD) == record


@pytest.mark.parametrize(
    ("body", "error"), [(OTHER, SourceChangedError), (None, ObjectNotFoundError)]
)
def test_success_says_that_the_upload_is_still_there(objects, body, error):
    """A drawing of a file that its user replaced or deleted must not be told."""
    pinned = pin(objects)

    def user():
        if body is None:
            objects.delete(NEWER, etag=pinned.source.etag)
        else:
            objects.put(NEWER, body)

    objects.at("before", "publish", DOCUMENT, user)
    with pytest.raises(error):
        draw(objects, pinned)


def test_a_rendition_is_never_drawn_of_other_bytes(objects):
    """A document must hold the bytes whose hash the server was told first."""
    assert draw(objects, pin(objects)).status == "SUCCESS"
    before = objects.body(DOCUMENT)
    objects.put(NEWER, OTHER)

    with pytest.raises(SourceChangedError):
        draw(objects, pin(objects))

    assert objects.body(DOCUMENT) == before


def test_the_same_bytes_are_drawn_again_with_other_peaks(objects):
    """An operator must be able to redraw a stem with another number of peaks."""
    draw(objects, pin(objects))
    pinned = pin(objects, num_peaks=7)

    assert draw(objects, pinned).result.num_peaks == 7
    assert len(json.loads(objects.body(DOCUMENT))["peaks"]) == 7


@pytest.mark.parametrize("key", [NEWER, "audio/another.wav"])
def test_a_record_of_other_bytes_is_never_written_over(objects, key):
    """An overwritten record would take the operator's way back to a deletion."""
    delete(objects, pin(objects))
    record = objects.body(RECORD)
    objects.put("audio/old.wav", OTHER)
    objects.put(key, OTHER)

    with pytest.raises(DedupeRefusedError, match="CHANGED"):
        delete(objects, pin(objects, filepath=key), survivor="audio/old.wav")

    assert objects.body(RECORD) == record
    assert objects.body(key) == OTHER


def test_equal_bytes_under_another_key_are_another_upload(objects):
    """A stem's second file may equal the first, whose way back must not go."""
    another = "audio/another.wav"
    delete(objects, pin(objects))
    record = objects.body(RECORD)
    objects.put(another, BODY)

    with pytest.raises(DedupeRefusedError, match="CHANGED"):
        delete(objects, pin(objects, filepath=another))

    assert objects.body(RECORD) == record
    assert objects.body(another) == BODY


def test_the_same_bytes_uploaded_again_are_recorded_again(objects):
    """A restore needs the newer of two equal uploads, whose quarantine ends later."""
    delete(objects, pin(objects))
    again = objects.put(NEWER, BODY)

    assert delete(objects, pin(objects)) == "DUPLICATE"
    assert json.loads(objects.body(RECORD))["source"]["version_id"] == again.version_id


def test_what_an_operator_brought_back_stays(objects):
    """A message that is delivered again must not delete what an operator restored."""
    delete(objects, pin(objects))
    kept = json.loads(objects.body(RECORD)) | {"state": "kept", "reason": "RESTORED"}
    objects.put(RECORD, msgspec.json.encode(kept))
    objects.put(NEWER, BODY)

    with pytest.raises(DedupeRefusedError, match="RESTORED"):
        delete(objects, pin(objects))

    assert objects.body(NEWER) == BODY
    assert draw(objects, pin(objects)).status == "SUCCESS"


def test_a_survivor_lost_before_the_last_word_keeps_the_copy(objects):
    """A survivor that is lost after its proof must not cost a user the last copy."""
    pinned = pin(objects)
    objects.at("after", "intended", RECORD, lambda: objects.put(OLDER, OTHER))

    with pytest.raises(DedupeRefusedError, match="NO_SURVIVOR"):
        delete(objects, pinned)

    assert objects.body(NEWER) == BODY
    assert draw(objects, pinned).status == "SUCCESS"


def test_a_survivor_that_was_uploaded_again_still_survives(objects):
    """A survivor uploaded again has another ETag, and the same content still counts."""
    pinned = pin(objects)

    def again():
        stored, body = objects.versions[OLDER][-1]
        other = msgspec.structs.replace(stored, etag='"of parts"')
        objects.versions[OLDER].append((other, body))

    objects.at("before", "delete", NEWER, again)

    assert delete(objects, pinned) == "DUPLICATE"
