"""Let clients upload large files straight to S3, by one form or resumable parts."""

import math
import time
from collections.abc import Callable
from hashlib import sha256

from pydantic import BaseModel, ValidationError

from waveflow.api.errors import UploadIncompleteError, UploadNotFoundError
from waveflow.api.interfaces import Part, UploadStore
from waveflow.api.jobs.context import JobContext
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.service import Jobs, accepted_body
from waveflow.api.schemas import (
    AcceptedBody,
    BeginUploadBody,
    JobOptions,
    JsonObject,
    PartBody,
    UploadBody,
)
from waveflow.errors import EmptyAudioError, FileTooLargeError
from waveflow.ports import ObjectStore

FORM_SECONDS = 600
PART_SECONDS = 3600
TICKET_SECONDS = 24 * 3600
PART_BYTES = 8 << 20


class Ticket(BaseModel, frozen=True):
    """State of an open upload, which the client holds as a signed upload id."""

    job_id: str
    context: JobContext
    options: JobOptions
    size: int
    expires: int
    upload: str | None = None

    @property
    def key(self) -> str:
        """Return the S3 key of the object that the upload becomes."""
        return self.context.key or ""

    @property
    def abort_marker(self) -> str:
        """Return the S3 key of the marker that a form's upload was given up."""
        return f"{self.key}.given-up"

    def part_size(self, number: int) -> int:
        """Return the size in bytes that a numbered part of the upload must have."""
        return min(PART_BYTES, self.size - (number - 1) * PART_BYTES)

    @property
    def part_count(self) -> int:
        """Return the number of parts in which the file is uploaded."""
        return math.ceil(self.size / PART_BYTES)

    def missing(self, there: list[Part] | None) -> list[int]:
        """Return the numbers of missing parts; none where S3 has joined all parts."""
        if there is None:
            return []
        sizes = {part.number: part.size for part in there}
        numbers = range(1, self.part_count + 1)
        return [n for n in numbers if sizes.get(n) != self.part_size(n)]


class PresignedUploads:
    """Uploads whose bytes go to S3 by presigned requests, not through the API."""

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

    def begin(self, context: JobContext, wanted: BeginUploadBody) -> UploadBody:
        """Return presigned requests that upload a file of `size` bytes to S3."""
        if wanted.size == 0:
            raise EmptyAudioError("The file has no bytes.")
        if wanted.size > self._jobs.max_file_bytes:
            raise FileTooLargeError(
                f"The file may have {self._jobs.max_file_bytes} bytes."
            )
        context = context.with_file(wanted.filename)
        key = context.key or ""
        ticket = Ticket(
            job_id=self._seal.job_id("upload", key),
            context=context,
            options=wanted,
            size=wanted.size,
            expires=int(self._clock()) + TICKET_SECONDS,
            upload=self._store.begin(key) if wanted.multipart else None,
        )
        return self._signed_requests(
            ticket, self._seal.close(ticket.model_dump(exclude_none=True))
        )

    def resume(self, upload_id: str, *, owner: str) -> UploadBody:
        """Return freshly presigned requests for the missing parts of an upload."""
        ticket = self._ticket(upload_id, owner)
        if ticket.upload is None:
            self._refuse_given_up(ticket)
        return self._signed_requests(ticket, upload_id)

    def complete(self, upload_id: str, *, owner: str) -> AcceptedBody:
        """Start the job of a finished upload; repeats return the same job."""
        ticket = self._ticket(upload_id, owner)
        if self._jobs.is_started(ticket.job_id):
            return accepted_body(ticket.job_id)
        if ticket.upload is None:
            self._refuse_given_up(ticket)
        else:
            self._join(ticket, ticket.upload)
        stored = self._objects.find(ticket.key)
        if stored is None:
            raise UploadIncompleteError("No file has arrived yet.")
        if stored.size != ticket.size:
            raise UploadIncompleteError(
                f"The file has {stored.size} bytes, not {ticket.size}."
            )
        return self._jobs.start(
            ticket.context, job_id=ticket.job_id, options=ticket.options
        )

    def abort(self, upload_id: str, *, owner: str) -> None:
        """Abort an upload: remove its parts, or mark its form as given up."""
        ticket = self._ticket(upload_id, owner)
        if ticket.upload is not None:
            self._store.abort(ticket.key, ticket.upload)
        else:
            self._store.put(ticket.abort_marker, b"", sha256=sha256().digest())

    def _refuse_given_up(self, ticket: Ticket) -> None:
        if self._objects.find(ticket.abort_marker) is not None:
            raise UploadNotFoundError("The upload was given up.")

    def _signed_requests(self, ticket: Ticket, upload_id: str) -> UploadBody:
        if ticket.upload is None:
            form = self._store.sign_post(
                ticket.key, max_bytes=ticket.size, seconds=FORM_SECONDS
            )
            return UploadBody(upload_id=upload_id, form=form)
        missing = ticket.missing(self._parts(ticket, ticket.upload))
        return UploadBody(
            upload_id=upload_id,
            missing=[self._part_body(ticket, ticket.upload, number=n) for n in missing],
        )

    def _part_body(self, ticket: Ticket, upload: str, *, number: int) -> PartBody:
        size = ticket.part_size(number)
        return PartBody(
            number=number,
            offset=(number - 1) * PART_BYTES,
            size=size,
            url=self._store.sign_part(
                ticket.key, upload, number=number, size=size, seconds=PART_SECONDS
            ),
        )

    def _parts(self, ticket: Ticket, upload: str) -> list[Part] | None:
        """Return the parts that S3 holds; None once S3 has joined them."""
        there = self._store.parts(ticket.key, upload)
        if there is None and self._objects.find(ticket.key) is None:
            raise UploadNotFoundError("The upload was given up.")
        return there

    def _join(self, ticket: Ticket, upload: str) -> None:
        there = self._parts(ticket, upload)
        if there is None:
            return  # an earlier call has joined the parts
        missing = ticket.missing(there)
        if missing:
            listed = ", ".join(str(number) for number in missing[:10])
            raise UploadIncompleteError(f"Missing or of another size: part {listed}.")
        wanted = [part for part in there if part.number <= ticket.part_count]
        self._store.finish(ticket.key, upload, wanted)

    def _ticket(self, upload_id: str, owner: str) -> Ticket:
        ticket = _read_ticket(self._seal.open(upload_id))
        if (
            ticket is None
            or ticket.context.owner != owner
            or ticket.expires < self._clock()
        ):
            raise UploadNotFoundError("You have no upload with this id.")
        return ticket


def _read_ticket(content: JsonObject | None) -> Ticket | None:
    try:
        return Ticket.model_validate(content)
    except ValidationError:
        return None  # no ticket, or a ticket of an older version
