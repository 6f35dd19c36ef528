"""Tickets of large uploads: for their owner alone, and for one day."""

import pytest
from waveflow.api.errors import UploadNotFoundError
from waveflow.api.jobs.context import JobContext
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.presigned import TICKET_SECONDS, PresignedUploads
from waveflow.api.schemas import BeginUploadBody, FormBody


class Store:
    """Bucket that signs forms and keeps nothing."""

    def sign_post(self, key, *, max_bytes, seconds):
        """Return a form without a signature."""
        return FormBody(
            url=f"https://bucket/{max_bytes}/{seconds}", fields={"key": key}
        )

    def find(self, _key):
        """Return None: no object was ever stored."""


class Jobs:
    """Service of jobs that allows files of a megabyte."""

    max_file_bytes = 1 << 20


class Clock:
    """Clock that a test sets forward."""

    now = 1_000_000.0

    def __call__(self):
        """Return the seconds that the test has chosen."""
        return self.now


@pytest.fixture
def clock():
    """Return the clock of the uploads."""
    return Clock()


@pytest.fixture
def uploads(clock):
    """Return the service of uploads, on a store in memory."""
    seal, store = Seal(lambda: ("one" * 15,)), Store()
    return PresignedUploads(Jobs(), store=store, objects=store, seal=seal, clock=clock)


@pytest.fixture
def upload_id(uploads):
    """Begin an upload of `anna`, and return the id of the upload."""
    context = JobContext(owner="anna", token_id="t1")
    wanted = BeginUploadBody(filename="x.wav", size=10)
    return uploads.begin(context, wanted).upload_id


@pytest.mark.parametrize("after_s", [0, TICKET_SECONDS - 1])
def test_a_ticket_is_good_for_one_day(uploads, clock, upload_id, after_s):
    """A large upload over a slow line must be resumed for a whole day."""
    clock.now += after_s

    assert uploads.resume(upload_id, owner="anna").form is not None


def test_a_ticket_of_yesterday_signs_nothing(uploads, clock, upload_id):
    """An id that leaked long ago would sign fresh requests for ever."""
    clock.now += TICKET_SECONDS + 1

    with pytest.raises(UploadNotFoundError):
        uploads.resume(upload_id, owner="anna")


def test_a_ticket_of_the_release_before_is_completed(uploads):
    """A large upload that is under way while the stack is updated must not be lost."""
    context = {"owner": "anna", "token_id": "t1", "key": "audio/x", "filename": "x.wav"}
    options = {"num_peaks": 1024, "verdict": "none", "analysis": False}
    ticket = {"job_id": "j", "options": options, "size": 10, "expires": 2_000_000}
    before = {**ticket, "context": {**context, "asked": None}, "upload": None}

    upload_id = Seal(lambda: ("one" * 15,)).close(before)

    assert uploads.resume(upload_id, owner="anna").form is not None


def test_a_ticket_of_another_owner_signs_nothing(uploads, upload_id):
    """Another user who saw the id must not write into the owner's upload."""
    with pytest.raises(UploadNotFoundError):
        uploads.resume(upload_id, owner="ben")
