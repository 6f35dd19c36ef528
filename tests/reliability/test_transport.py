"""The S3 adapter under network faults: whole bytes, or a typed error."""

import hashlib
import os
import random

import pytest
from waveflow.bootstrap import _config
from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.stages._fetch import fetch
from waveflow.stages.hash import sha256_of

KEY = "audio/x.wav"
BODY = random.Random(1).randbytes(3_500_000)  # noqa: S311 - repeatable
DIGEST = hashlib.sha256(BODY).hexdigest()
TRANSFERS = int(os.environ.get("WAVEFLOW_TRANSFERS", "200"))  # 1,000 in `make soak`
pytestmark = pytest.mark.usefixtures("no_waits")
RESETS = ["reset:0.25", "reset:0.5", "reset:0.99", "short"]


@pytest.fixture
def stored(aws, objects):
    """Return an upload without a checksum, as a browser makes it."""
    aws.bucket.put(KEY, BODY, checksummed=False)
    return objects.find(KEY)


def gets(aws):
    """Return the number of GET requests for the object."""
    return aws.requests.count(("GET", f"/bucket/{KEY}"))


@pytest.mark.parametrize("fault", RESETS)
def test_a_cut_body_is_continued_and_the_hash_is_of_all(aws, objects, stored, fault):
    """A cut download must go on where it stopped, and hash the same object's bytes."""
    aws.script["GET"] = [fault]

    assert sha256_of(stored, objects=objects) == DIGEST
    assert gets(aws) == 2


@pytest.mark.parametrize("fault", RESETS)
def test_a_body_that_keeps_being_cut_ends_typed(aws, objects, stored, fault):
    """A download that is cut three times must be left to the machine's retry."""
    aws.script["GET"] = [fault] * 3

    with pytest.raises(StorageUnavailableError):
        sha256_of(stored, objects=objects)
    assert gets(aws) == 3


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_busy_store_is_tried_five_times(aws, objects, stored, method, count):
    """S3's SlowDown passes; a job must not fail at the first 503."""
    aws.script[method] = ["503"] * count

    found = objects.find(KEY)

    assert found == stored
    assert sha256_of(found, objects=objects) == DIGEST


def test_a_store_that_stays_busy_ends_typed(aws, objects, stored):
    """A stage that waits longer than its function lives would be killed untyped."""
    aws.script["GET"] = ["503"] * 5

    with pytest.raises(StorageUnavailableError):
        sha256_of(stored, objects=objects)


def test_retries_and_time_outs_are_set_on_purpose():
    """boto3's defaults would wait a minute for a silent connection."""
    config = _config()

    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
    assert (config.connect_timeout, config.read_timeout) == (5, 20)


def test_a_stored_checksum_saves_the_read(aws, objects):
    """A stored checksum spares a download, but S3 sends checksums only when asked."""
    aws.bucket.put(KEY, BODY)

    assert sha256_of(objects.find(KEY), objects=objects) == DIGEST
    assert gets(aws) == 0


def test_a_flipped_bit_is_noticed_by_the_stored_checksum(aws, objects):
    """A damaged download must not be taken for the user's file."""
    aws.bucket.put(KEY, BODY)
    aws.script["GET"] = ["flipped"]
    etag = objects.find(KEY).etag

    with pytest.raises(StorageUnavailableError):
        b"".join(objects.read(KEY, etag=etag))


def test_a_flipped_bit_never_reaches_the_decoder(aws, objects, stored, tmp_path):
    """A damaged download is fetched again, so peaks and hash are of the same bytes."""
    aws.script["GET"] = ["flipped"]

    fetch(KEY, tmp_path / "x", etag=stored.etag, audio_hash=DIGEST, objects=objects)

    assert (tmp_path / "x").read_bytes() == BODY
    assert gets(aws) == 2


def test_an_object_that_stays_damaged_ends_typed(aws, objects, stored, tmp_path):
    """A file that arrives damaged twice must not be drawn."""
    aws.script["GET"] = ["flipped"] * 2

    with pytest.raises(StorageUnavailableError):
        fetch(KEY, tmp_path / "x", etag=stored.etag, audio_hash=DIGEST, objects=objects)


@pytest.mark.parametrize("script", [["replaced"], ["reset:0.5", "replaced"]])
def test_a_replaced_object_is_never_read(aws, objects, stored, script):
    """A file replaced between two reads would give a hash of neither file."""
    aws.replacement = BODY[::-1]
    aws.script["GET"] = script

    with pytest.raises(SourceChangedError):
        sha256_of(stored, objects=objects)


@pytest.mark.parametrize("script", [["deleted"], ["reset:0.5", "deleted"]])
def test_a_deleted_object_is_typed(aws, objects, stored, script):
    """Half of a file that was deleted meanwhile must not be hashed."""
    aws.script["GET"] = script

    with pytest.raises(ObjectNotFoundError):
        sha256_of(stored, objects=objects)


def test_many_damaged_transfers_give_no_wrong_hash(aws, objects):
    """Random damage must never end in a wrong hash of a user's file."""
    chance, small = random.Random(7), BODY[:50_000]  # noqa: S311 - repeatable
    aws.bucket.put(KEY, small)
    stored = objects.find(KEY)
    bare = stored.__class__(
        key=KEY, etag=stored.etag, size=len(small), last_modified=stored.last_modified
    )
    cuts = ["503", *RESETS]
    outcomes = {"whole": 0, "typed": 0}
    for _ in range(TRANSFERS):
        script = chance.choices(cuts, k=chance.randint(1, 4))
        # A range has no checksum. The next stage compares a continued body with
        # the hash, and notices a bit that flips.
        aws.script["GET"] = chance.choice([script, ["503", "flipped"]])
        try:
            digest = sha256_of(bare, objects=objects)
        except StorageUnavailableError:
            outcomes["typed"] += 1
        else:
            assert digest == hashlib.sha256(small).hexdigest()
            outcomes["whole"] += 1

    assert min(outcomes.values()) > TRANSFERS / 10
