"""Ids that prove themselves."""

import uuid

from waveflow.api.jobs.ids import Seal

seal = Seal(lambda: ("whsec_one",))


def test_the_same_request_is_the_same_job():
    """Step Functions refuses a second execution of the same name."""
    assert seal.job_id("bytes", "owner", "a") == seal.job_id("bytes", "owner", "a")
    assert seal.job_id("bytes", "owner", "a") != seal.job_id("bytes", "other", "a")


def test_an_id_is_a_uuid_that_only_we_can_issue():
    """A forgotten job answers 410, an invented one 404, without a database."""
    job_id = seal.job_id("new", "owner")
    last = "0" if job_id[-1] != "0" else "1"

    assert uuid.UUID(job_id).version == 8
    assert seal.issued(job_id)
    assert not seal.issued(job_id[:-1] + last)
    assert not seal.issued(str(uuid.uuid4()))
    assert not seal.issued(job_id.upper())
    assert not seal.issued("nobody")


def test_a_rotated_secret_still_knows_its_ids_and_tickets():
    """Both slots of the secret are asked while one is being retired."""
    rotated = Seal(lambda: ("whsec_two", "whsec_one"))
    ticket = seal.close({"key": "audio/가"})

    assert rotated.issued(seal.job_id("new", "owner"))
    assert rotated.open(ticket) == {"key": "audio/가"}
    assert seal.open(rotated.close({})) is None


def test_a_changed_ticket_is_none():
    """The client carries it, and may not change it."""
    ticket = seal.close({"owner": "me"})

    for other in ("", ".", "a.b", "ü", ticket[1:], ticket + "A"):
        assert seal.open(other) is None
