"""Job ids and tickets that prove their origin."""

import hmac
import uuid

import jwt
import pytest
from waveflow.api.jobs.ids import Seal, purpose_key

SECRET = "one" * 15
seal = Seal(lambda: (SECRET,))


def test_the_same_request_is_the_same_job():
    """A repeated request must meet the first execution's name."""
    assert seal.job_id("bytes", "owner", "a") == seal.job_id("bytes", "owner", "a")
    assert seal.job_id("bytes", "owner", "a") != seal.job_id("bytes", "other", "a")


def test_an_id_is_a_uuid_that_only_we_can_issue():
    """A forgotten job answers 410 and an invented id 404, without a database."""
    job_id = seal.job_id("new", "owner")
    last = "0" if job_id[-1] != "0" else "1"

    assert uuid.UUID(job_id).version == 8
    assert seal.is_issued(job_id)
    assert not seal.is_issued(job_id[:-1] + last)
    assert not seal.is_issued(str(uuid.uuid4()))
    assert not seal.is_issued(job_id.upper())
    assert not seal.is_issued("nobody")


def test_a_rotated_secret_still_knows_its_ids_and_tickets():
    """Uploads that are open during a rotation must still be completed."""
    rotated = Seal(lambda: ("two" * 15, SECRET))
    ticket = seal.close({"key": "audio/가"})

    assert rotated.is_issued(seal.job_id("new", "owner"))
    assert rotated.open(ticket) == {"key": "audio/가"}
    assert seal.open(rotated.close({})) is None


def test_a_changed_ticket_is_none():
    """A client could otherwise complete another owner's upload."""
    ticket = seal.close({"owner": "me"})

    for other in ("", ".", "a.b", "ü", ticket[1:], ticket + "A"):
        assert seal.open(other) is None


def test_a_key_is_derived_by_the_standard():
    """Another key after an update would end every open upload in silence."""
    derived = purpose_key("one" * 15, "ticket")

    # Computed by `openssl kdf`, with the info "waveflow api ticket" and no salt.
    assert derived.hex() == (
        "0859e4dbd4b163c5849eca5081f3a9d6facdc42ab6d0576a744640de2b2b3197"
    )


@pytest.mark.parametrize("key", ["job seed", "job proof", None])
def test_a_ticket_is_signed_by_the_key_of_tickets_alone(key):
    """A key that leaks in one place must not open uploads in another owner's name."""
    foreign = purpose_key(SECRET, key) if key else SECRET
    ticket = jwt.PyJWS().encode(b"{}", foreign, algorithm="HS256")
    own = jwt.PyJWS().encode(b"{}", purpose_key(SECRET, "ticket"), algorithm="HS256")

    assert seal.open(ticket) is None
    assert seal.open(own) == {}


@pytest.mark.parametrize("key", ["ticket", "job seed", None])
def test_a_job_id_is_proved_by_the_key_of_proofs_alone(key):
    """A ticket's key must not turn an invented id into a job that once was."""
    seed = uuid.UUID(seal.job_id("new", "owner")).bytes[:8]
    foreign = purpose_key(SECRET, key) if key else SECRET.encode()

    assert not seal.is_issued(proved(seed, foreign))
    assert seal.is_issued(proved(seed, purpose_key(SECRET, "job proof")))


def proved(seed, key):
    """Return the job id of a seed, with the proof that a key makes."""
    proof = bytearray(hmac.new(key, seed, "sha256").digest()[:8])
    proof[0] = 0x80 | (proof[0] & 0x3F)
    return str(uuid.UUID(bytes=seed + bytes(proof)))


def test_parts_that_read_alike_when_joined_stay_apart():
    """A name that holds the mark between two parts must not meet another's job."""
    assert seal.job_id("a\nb", "c") != seal.job_id("a", "b\nc")
