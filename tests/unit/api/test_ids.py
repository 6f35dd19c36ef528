"""Job ids and tickets that prove their origin."""

import uuid

from waveflow.api.jobs.ids import Seal

seal = Seal(lambda: ("whsec_one",))


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
    rotated = Seal(lambda: ("whsec_two", "whsec_one"))
    ticket = seal.close({"key": "audio/가"})

    assert rotated.is_issued(seal.job_id("new", "owner"))
    assert rotated.open(ticket) == {"key": "audio/가"}
    assert seal.open(rotated.close({})) is None


def test_a_changed_ticket_is_none():
    """A client could otherwise complete another owner's upload."""
    ticket = seal.close({"owner": "me"})

    for other in ("", ".", "a.b", "ü", ticket[1:], ticket + "A"):
        assert seal.open(other) is None
