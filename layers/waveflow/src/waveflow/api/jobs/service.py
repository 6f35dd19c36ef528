"""Start jobs, and return their progress, results and audio."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping

from waveflow.api.errors import (
    JobExpiredError,
    JobNotFoundError,
    JobNotVisibleError,
    NoResultError,
)
from waveflow.api.interfaces import Execution, Machine, UploadStore
from waveflow.api.jobs import progress
from waveflow.api.jobs.context import JobContext, context_of, plain_name
from waveflow.api.jobs.idempotency import KnownJobs, refuse_another, request_hash
from waveflow.api.jobs.ids import Seal, is_job_id
from waveflow.api.jobs.reports import Reports
from waveflow.api.jobs.starts import RecentStarts
from waveflow.api.jobs.upload import StreamedUpload
from waveflow.api.mix_schemas import MixBody
from waveflow.api.schemas import (
    AcceptedBody,
    JobOptions,
    JsonObject,
    Progress,
)
from waveflow.errors import InvalidMessageError, StorageUnavailableError
from waveflow.events.fields import iso_time
from waveflow.events.options import PreviewFormat
from waveflow.ports import ObjectStore

LINK_SECONDS = 600
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Jobs:
    """Jobs of every owner, kept in Step Functions and S3 without a database."""

    def __init__(  # noqa: PLR0913 - one port each
        self,
        machine: Machine,
        *,
        objects: ObjectStore,
        uploads: UploadStore,
        seal: Seal,
        max_file_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.max_file_bytes = max_file_bytes
        self._machine = machine
        self._objects = objects
        self._uploads = uploads
        self._seal = seal
        self._clock = clock
        self._reports = Reports(uploads, objects)
        self._starts = RecentStarts(uploads, objects=objects, clock=clock)
        self._known = KnownJobs(machine, objects=objects, seal=seal)

    async def receive(
        self,
        context: JobContext,
        chunks: AsyncIterator[bytes],
        *,
        options: JobOptions,
        idempotency_key: str | None,
    ) -> AcceptedBody:
        """Stream an upload into S3 while it arrives, and start its job."""
        async with StreamedUpload(
            context.key or "", store=self._uploads, max_bytes=self.max_file_bytes
        ) as upload:
            await upload.take(chunks)
            return await asyncio.to_thread(
                self._accept,
                context,
                upload,
                options=options,
                idempotency_key=idempotency_key,
            )

    def start(
        self, context: JobContext, *, job_id: str, options: JobOptions
    ) -> AcceptedBody:
        """Start the job of an object that is already stored in S3."""
        asks = options.verdict == "platform"
        task = "generate_hash_and_webhook" if asks else "process_audio_analysis"
        fields = {
            "userId": user_id(context.owner),
            "trackId": context.token_id,
            "stemId": job_id,
            "filepath": context.key,
            "original_filename": context.filename,
            **options.message_fields,
        }
        return self._start(job_id, task, fields, context=context)

    def is_started(self, job_id: str) -> bool:
        """Tell whether the job's execution was started before."""
        return self._machine.describe(job_id) is not None

    def mix(
        self,
        context: JobContext,
        wanted: MixBody,
        *,
        idempotency_key: str | None,
    ) -> AcceptedBody:
        """Start a job that mixes the files of the owner's jobs, in the order given."""
        if conflicts := ", ".join(wanted.conflicts()):
            raise InvalidMessageError(f"The request has an invalid {conflicts}.")
        stems = [self.context(job_id, owner=context.owner) for job_id in wanted.job_ids]
        paths = [stem.key for stem in stems if stem.key is not None]
        if len(paths) < len(stems):
            raise NoResultError("A mix has no file that could be mixed again.")
        if idempotency_key is None:
            job_id = self._known.new_id(context)
        else:
            # An empty choice stays out: a classic mix keeps its id of older releases.
            asked = filter(None, [wanted.choices])
            context = _with_request(context, *wanted.job_ids, *asked)
            job_id, _ = self._known.of_key(
                context, "mix", key=idempotency_key, upload=None
            )
        fields = {"stageId": job_id, **wanted.message_fields(paths)}
        return self._start(job_id, "mix_stems_and_upload", fields, context=context)

    def look(self, job_id: str) -> list[Progress]:
        """Return a job's progress events until now, the oldest first."""
        history = self._machine.history(job_id)
        seen = progress.moments(job_id, history)
        if not seen or not progress.has_ended(history):
            return seen
        execution, report = self._execution(job_id), self._reports.find(job_id)
        end = progress.ending(execution, report=report, history=history)
        return [*seen, end] if end else seen

    def now(self, job_id: str, *, owner: str) -> tuple[JobContext, Progress]:
        """Return a job's context and newest progress, if the job is the owner's.

        The result of a job that has ended takes one DescribeExecution, and no history.
        """
        execution, context = self._own(job_id, owner)
        if execution.status == "RUNNING":
            return context, self._reached(job_id)
        end = progress.ending(execution, report=self._reports.find(job_id))
        return context, end or progress.beginning(job_id)

    def context(self, job_id: str, *, owner: str) -> JobContext:
        """Return a job's owner, file and S3 key, if the job is the owner's."""
        return self._own(job_id, owner)[1]

    def is_running(self, job_id: str, *, owner: str) -> bool:
        """Tell whether a job still runs, if the job is the owner's."""
        return self._own(job_id, owner)[0].status == "RUNNING"

    def document(self, job_id: str, *, owner: str) -> bytes:
        """Return a job's waveform document as stored in S3, byte for byte."""
        key = self._own(job_id, owner)[0].result.get("waveform_data_path")
        body = self._objects.load(str(key)) if key else None
        if body is None:
            raise NoResultError("The job has no waveform.")
        return body

    def audio_url(self, job_id: str, *, owner: str, download: bool) -> str:
        """Return a presigned URL of the job's audio, valid for ten minutes."""
        execution, context = self._own(job_id, owner)
        key = context.key or execution.result.get("mixed_file_path")
        name = (context.filename or plain_name(key or "")) if download else None
        return self._signed_url(key, "audio", filename=name)

    def zoom_url(self, job_id: str, *, owner: str, samples_per_pixel: int) -> str:
        """Return a presigned URL of one zoom level, valid for ten minutes."""
        result = self._own(job_id, owner)[0].result
        levels = result.get("zoom_levels") or []
        keys = {level["samples_per_pixel"]: level["path"] for level in levels}
        return self._signed_url(keys.get(samples_per_pixel), "such zoom level")

    def preview_url(self, job_id: str, *, owner: str, form: PreviewFormat) -> str:
        """Return a presigned URL of a preview, valid for ten minutes."""
        result = self._own(job_id, owner)[0].result
        previews = result.get("previews") or {}
        preview = previews.get(form) or {}
        return self._signed_url(preview.get("path"), "such preview")

    def keep_report(self, job_id: str, report: JsonObject) -> JsonObject:
        """Store an external server's report; return the job's first report."""
        self._execution(job_id)
        return self._reports.keep(job_id, report)

    def _accept(
        self,
        context: JobContext,
        upload: StreamedUpload,
        *,
        options: JobOptions,
        idempotency_key: str | None,
    ) -> AcceptedBody:
        if idempotency_key is not None:
            asked = options.choices.values()
            context = _with_request(context, upload.sha256, *asked)
            job_id, known = self._known.of_key(
                context, "upload", key=idempotency_key, upload=upload
            )
        elif options.verdict == "platform":
            job_id, known = self._known.new_id(context), False
        else:
            job_id, known = self._known.of_bytes(context, upload, options=options)
        if known:
            return accepted_body(job_id, cached=idempotency_key is None)
        upload.keep()
        return self.start(context, job_id=job_id, options=options)

    def _start(
        self,
        job_id: str,
        task: str,
        fields: Mapping[str, object],
        *,
        context: JobContext,
    ) -> AcceptedBody:
        ts = int(self._clock() * 1000)
        record = {
            "messageId": job_id,
            "sentTimestamp": str(ts),
            "body": {
                "task": task,
                "id": job_id,
                "args": [],
                "kwargs": {**fields, "timestamp": iso_time(ts)},
            },
            "api": context.model_dump(),
        }
        self._starts.note(job_id)
        started = self._machine.start(job_id, record)
        if not started and context.asked is not None:
            refuse_another(self._machine.describe(job_id), context)
        return accepted_body(job_id)

    def _own(self, job_id: str, owner: str) -> tuple[Execution, JobContext]:
        """Return the execution and context of a job, if the job is the owner's."""
        execution = self._execution(job_id)
        context = context_of(execution)
        if context is None or context.owner != owner:
            raise JobNotFoundError("You have no job with this id.")
        return execution, context

    def _execution(self, job_id: str) -> Execution:
        """Return a job's execution; raise for an expired or unknown job id."""
        execution = self._machine.describe(job_id) if is_job_id(job_id) else None
        if execution is not None and context_of(execution) is not None:
            return execution
        if not self._seal.is_issued(job_id):
            raise JobNotFoundError("You have no job with this id.")
        if self._starts.has(job_id):
            raise JobNotVisibleError("The job was started a moment ago; ask again.")
        raise JobExpiredError("The job is older than 90 days and forgotten.")

    def _signed_url(
        self, key: str | None, thing: str, *, filename: str | None = None
    ) -> str:
        if key is None or self._objects.find(key) is None:
            raise NoResultError(f"The job has no {thing}, or no longer.")
        return self._uploads.sign_get(key, filename=filename, seconds=LINK_SECONDS)

    def _reached(self, job_id: str) -> Progress:
        """Return how far a running job is; its beginning while histories are throttled.

        GetExecutionHistory has a quota of its own, twice that of DescribeExecution.
        """
        try:
            seen = progress.moments(job_id, self._machine.history(job_id))
        except StorageUnavailableError:
            seen = []
        return seen[-1] if seen else progress.beginning(job_id)


def accepted_body(job_id: str, *, cached: bool = False) -> AcceptedBody:
    """Return the response body for a job that was started, or found by its bytes."""
    return AcceptedBody(message=progress.ACCEPTED, job_id=job_id, cached=cached)


def user_id(owner: str) -> str:
    """Return a user id for the job's message: the owner's name, or the name's hash."""
    if _MESSAGE_ID.fullmatch(owner):
        return owner
    return hashlib.sha256(owner.encode()).hexdigest()


def _with_request(context: JobContext, *asked: object) -> JobContext:
    """Return the job context with the hash of the request's parameters."""
    return context.model_copy(update={"asked": request_hash(*asked)})
