"""Let large files go to S3 directly, in one form or in parts that can resume."""

import math
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from waveflow.errors import EmptyAudioError, FileTooLargeError
from waveflow.jobs.ids import Seal
from waveflow.jobs.names import new_key
from waveflow.jobs.ports import Form, Part, UploadStore
from waveflow.jobs.refusals import UploadIncompleteError, UploadNotFoundError
from waveflow.jobs.service import Jobs
from waveflow.jobs.subject import Accepted, Subject, Wish
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
        key = new_key(subject.filename or "")
        ticket = Ticket(
            job_id=self._seal.job_id("upload", key),
            subject=msgspec.structs.replace(subject, key=key),
            wish=wish,
            size=size,
            expires=int(self._clock()) + TICKET_SECONDS,
            upload=self._store.begin(key) if multipart else None,
        )
        upload_id = self._seal.close(msgspec.to_builtins(ticket))
        return self._way(ticket, upload_id)

    def resume(self, upload_id: str, *, owner: str) -> Direct:
        """Say which bytes are missing, with URLs that are valid again."""
        return self._way(self._ticket(upload_id, owner), upload_id)

    def complete(self, upload_id: str, *, owner: str) -> Accepted:
        """Start the job of an upload that is whole; a repeat is the same job."""
        ticket = self._ticket(upload_id, owner)
        key = _key(ticket)
        if ticket.upload is not None:
            self._join(ticket, key, ticket.upload)
        stored = self._objects.find(key)
        if stored is None:
            raise UploadIncompleteError("No file has arrived yet.")
        return self._jobs.start(ticket.subject, job_id=ticket.job_id, wish=ticket.wish)

    def abort(self, upload_id: str, *, owner: str) -> None:
        """Give an upload up and remove its parts."""
        ticket = self._ticket(upload_id, owner)
        if ticket.upload is not None:
            self._store.abort(_key(ticket), ticket.upload)

    def _way(self, ticket: Ticket, upload_id: str) -> Direct:
        key = _key(ticket)
        if ticket.upload is None:
            form = self._store.sign_post(
                key, max_bytes=ticket.size, seconds=FORM_SECONDS
            )
            return Direct(upload_id=upload_id, form=form)
        there = self._store.parts(key, ticket.upload)
        missing = [] if there is None else _missing(ticket, there)
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

    def _join(self, ticket: Ticket, key: str, upload: str) -> None:
        there = self._store.parts(key, upload)
        if there is None:
            return  # an earlier call has joined them, or the upload was given up
        missing = _missing(ticket, there)
        if missing:
            listed = ", ".join(str(number) for number in missing[:10])
            raise UploadIncompleteError(f"Missing or of another size: part {listed}.")
        last = _last_part(ticket)
        self._store.finish(key, upload, [p for p in there if p.number <= last])

    def _ticket(self, upload_id: str, owner: str) -> Ticket:
        content: Any = self._seal.open(upload_id)
        ticket = msgspec.convert(content, Ticket) if content else None
        if (
            ticket is None
            or ticket.subject.owner != owner
            or ticket.expires < self._clock()
        ):
            raise UploadNotFoundError("You have no upload with this id.")
        return ticket


def _key(ticket: Ticket) -> str:
    return ticket.subject.key or ""


def _missing(ticket: Ticket, there: list[Part]) -> list[int]:
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
