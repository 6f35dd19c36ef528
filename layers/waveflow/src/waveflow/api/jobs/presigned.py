"""Let large files go to S3 directly, in one form or in parts that can resume."""

import math
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from waveflow.api.errors import UploadIncompleteError, UploadNotFoundError
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.service import Jobs
from waveflow.api.jobs.subject import Accepted, Subject, Wish, with_file
from waveflow.api.ports import Form, Part, UploadStore
from waveflow.errors import EmptyAudioError, FileTooLargeError
from waveflow.ports import ObjectStore

FORM_SECONDS = 600
PART_SECONDS = 3600
TICKET_SECONDS = 24 * 3600
PART_BYTES = 8 << 20


class Ticket(Struct, frozen=True, kw_only=True):
    """An upload in motion; the client carries it, sealed, so that we need not."""

    job_id: str
    subject: Subject
    wish: Wish
    size: int
    expires: int
    upload: str | None = None


class MissingPart(Struct, frozen=True, kw_only=True):
    """A part that is still to be sent."""

    number: int
    offset: int
    size: int
    url: str


class Direct(Struct, frozen=True, kw_only=True):
    """How to send the bytes, and which of them are missing."""

    upload_id: str
    form: Form | None = None
    missing: list[MissingPart] | None = None


class DirectUploads:
    """Uploads that pass by the API."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        store: UploadStore,
        objects: ObjectStore,
        seal: Seal,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._objects = objects
        self._seal = seal
        self._clock = clock

    def begin(
        self, subject: Subject, *, size: int, wish: Wish, multipart: bool
    ) -> Direct:
        """Open a way for `size` bytes."""
        if size == 0:
            raise EmptyAudioError("The file has no bytes.")
        if size > self._jobs.max_file_bytes:
            raise FileTooLargeError(
                f"The file may have {self._jobs.max_file_bytes} bytes."
            )
        subject = with_file(subject, subject.filename)
        key = subject.key or ""
        ticket = Ticket(
            job_id=self._seal.job_id("upload", key),
            subject=subject,
            wish=wish,
            size=size,
            expires=int(self._clock()) + TICKET_SECONDS,
            upload=self._store.begin(key) if multipart else None,
        )
        upload_id = self._seal.close(msgspec.to_builtins(ticket))
        return self._way(ticket, upload_id)

    def resume(self, upload_id: str, *, owner: str) -> Direct:
        """Say which bytes are missing, with URLs that are valid again."""
        ticket = self._ticket(upload_id, owner)
        if ticket.upload is None:
            self._refuse_given_up(ticket)
        return self._way(ticket, upload_id)

    def complete(self, upload_id: str, *, owner: str) -> Accepted:
        """Start the job of an upload that is whole; a repeat is the same job."""
        ticket = self._ticket(upload_id, owner)
        if self._jobs.started(ticket.job_id):
            return Accepted(job_id=ticket.job_id)
        if ticket.upload is None:
            self._refuse_given_up(ticket)
        else:
            self._join(ticket, ticket.upload)
        stored = self._objects.find(_key(ticket))
        if stored is None:
            raise UploadIncompleteError("No file has arrived yet.")
        if stored.size != ticket.size:
            raise UploadIncompleteError(
                f"The file has {stored.size} bytes, not {ticket.size}."
            )
        return self._jobs.start(ticket.subject, job_id=ticket.job_id, wish=ticket.wish)

    def abort(self, upload_id: str, *, owner: str) -> None:
        """Give an upload up: its parts are removed, its form is no way to a job."""
        ticket = self._ticket(upload_id, owner)
        if ticket.upload is not None:
            self._store.abort(_key(ticket), ticket.upload)
        else:
            self._store.put(_given_up(ticket), b"", sha256=sha256().digest())

    def _refuse_given_up(self, ticket: Ticket) -> None:
        if self._objects.find(_given_up(ticket)) is not None:
            raise UploadNotFoundError("The upload was given up.")

    def _way(self, ticket: Ticket, upload_id: str) -> Direct:
        key = _key(ticket)
        if ticket.upload is None:
            form = self._store.sign_post(
                key, max_bytes=ticket.size, seconds=FORM_SECONDS
            )
            return Direct(upload_id=upload_id, form=form)
        missing = _missing(ticket, self._parts(ticket, ticket.upload))
        return Direct(
            upload_id=upload_id,
            missing=[
                self._signed(key, ticket.upload, number, ticket) for number in missing
            ],
        )

    def _signed(
        self, key: str, upload: str, number: int, ticket: Ticket
    ) -> MissingPart:
        return MissingPart(
            number=number,
            offset=(number - 1) * PART_BYTES,
            size=_size_of(ticket, number),
            url=self._store.sign_part(key, upload, number=number, seconds=PART_SECONDS),
        )

    def _parts(self, ticket: Ticket, upload: str) -> list[Part] | None:
        """Return the parts that are there, or None when they are one object."""
        there = self._store.parts(_key(ticket), upload)
        if there is None and self._objects.find(_key(ticket)) is None:
            raise UploadNotFoundError("The upload was given up.")
        return there

    def _join(self, ticket: Ticket, upload: str) -> None:
        there = self._parts(ticket, upload)
        if there is None:
            return  # an earlier call has joined them
        missing = _missing(ticket, there)
        if missing:
            listed = ", ".join(str(number) for number in missing[:10])
            raise UploadIncompleteError(f"Missing or of another size: part {listed}.")
        last = _last_part(ticket)
        self._store.finish(_key(ticket), upload, [p for p in there if p.number <= last])

    def _ticket(self, upload_id: str, owner: str) -> Ticket:
        ticket = _read(self._seal.open(upload_id))
        if (
            ticket is None
            or ticket.subject.owner != owner
            or ticket.expires < self._clock()
        ):
            raise UploadNotFoundError("You have no upload with this id.")
        return ticket


def _read(content: Any) -> Ticket | None:
    try:
        return msgspec.convert(content, Ticket)
    except msgspec.ValidationError:
        return None  # not ours, or of an older version


def _key(ticket: Ticket) -> str:
    return ticket.subject.key or ""


def _given_up(ticket: Ticket) -> str:
    """Return the key that marks a form as given up; the API deletes no object."""
    return f"{_key(ticket)}.given-up"


def _missing(ticket: Ticket, there: list[Part] | None) -> list[int]:
    if there is None:
        return []
    sizes = {part.number: part.size for part in there}
    return [
        number
        for number in range(1, _last_part(ticket) + 1)
        if sizes.get(number) != _size_of(ticket, number)
    ]


def _last_part(ticket: Ticket) -> int:
    return math.ceil(ticket.size / PART_BYTES)


def _size_of(ticket: Ticket, number: int) -> int:
    return min(PART_BYTES, ticket.size - (number - 1) * PART_BYTES)
