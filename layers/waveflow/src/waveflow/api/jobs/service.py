"""Start jobs, and return their progress, results and audio."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec

from waveflow.api.errors import JobExpiredError, JobNotFoundError, NoResultError
from waveflow.api.interfaces import Execution, Machine, UploadStore
from waveflow.api.jobs import progress
from waveflow.api.jobs.context import JobContext, context_of, plain_name
from waveflow.api.jobs.idempotency import KnownJobs, refuse_another, request_hash
from waveflow.api.jobs.ids import Seal, is_job_id
from waveflow.api.jobs.upload import StreamedUpload
from waveflow.api.mix_schemas import MixBody
from waveflow.api.schemas import (
    AcceptedBody,
    JobOptions,
    JsonObject,
    Progress,
)
from waveflow.errors import InvalidMessageError, SourceChangedError
from waveflow.events.fields import iso_time
from waveflow.events.options import PreviewFormat
from waveflow.ports import ObjectStore

REPORT_PREFIX = "analysis/"  # reports of an external analysis server
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
        end = progress.ending(
            self._execution(job_id),
            report=self._report(job_id),
            last=seen[-1],
            end=history[-1],
        )
        return [*seen, end] if end else seen

    def now(self, job_id: str, *, owner: str) -> tuple[JobContext, Progress]:
        """Return a job's context and newest progress, if the job is the owner's."""
        context = self.context(job_id, owner=owner)
        seen = self.look(job_id)
        return context, seen[-1] if seen else progress.beginning(job_id)

    def context(self, job_id: str, *, owner: str) -> JobContext:
        """Return a job's owner, file and S3 key, if the job is the owner's."""
        context = context_of(self._execution(job_id))
        if context is None or context.owner != owner:
            raise JobNotFoundError("You have no job with this id.")
        return context

    def document(self, job_id: str, *, owner: str) -> bytes:
        """Return a job's waveform document as stored in S3, byte for byte."""
        key = self._result(job_id, owner).get("waveform_data_path")
        body = self._objects.load(str(key)) if key else None
        if body is None:
            raise NoResultError("The job has no waveform.")
        return body

    def audio_url(self, job_id: str, *, owner: str, download: bool) -> str:
        """Return a presigned URL of the job's audio, valid for ten minutes."""
        context = self.context(job_id, owner=owner)
        key = context.key or self._result(job_id, owner).get("mixed_file_path")
        name = (context.filename or plain_name(key or "")) if download else None
        return self._signed_url(key, "audio", filename=name)

    def zoom_url(self, job_id: str, *, owner: str, samples_per_pixel: int) -> str:
        """Return a presigned URL of one zoom level, valid for ten minutes."""
        levels = self._result(job_id, owner).get("zoom_levels") or []
        keys = {level["samples_per_pixel"]: level["path"] for level in levels}
        return self._signed_url(keys.get(samples_per_pixel), "such zoom level")

    def preview_url(self, job_id: str, *, owner: str, form: PreviewFormat) -> str:
        """Return a presigned URL of a preview, valid for ten minutes."""
        previews = self._result(job_id, owner).get("previews") or {}
        preview = previews.get(form) or {}
        return self._signed_url(preview.get("path"), "such preview")

    def keep_report(self, job_id: str, report: JsonObject) -> JsonObject:
        """Store an external server's report; return the job's first report."""
        self._execution(job_id)
        first = self._report(job_id)
        if first is not None:
            return first
        body = msgspec.json.encode(report)
        try:
            self._uploads.put(
                _report_key(job_id),
                body,
                sha256=hashlib.sha256(body).digest(),
                content_type="application/json",
            )
        except SourceChangedError:
            # Another report was stored meanwhile, and a report is never removed.
            return self._report(job_id) or report
        return report

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
        started = self._machine.start(job_id, record)
        if not started and context.asked is not None:
            refuse_another(self._machine.describe(job_id), context)
        return accepted_body(job_id)

    def _execution(self, job_id: str) -> Execution:
        """Return a job's execution; raise for an expired or unknown job id."""
        execution = self._machine.describe(job_id) if is_job_id(job_id) else None
        if execution is not None and context_of(execution) is not None:
            return execution
        if self._seal.is_issued(job_id):
            raise JobExpiredError("The job is older than 90 days and forgotten.")
        raise JobNotFoundError("You have no job with this id.")

    def _signed_url(
        self, key: str | None, thing: str, *, filename: str | None = None
    ) -> str:
        if key is None or self._objects.find(key) is None:
            raise NoResultError(f"The job has no {thing}, or no longer.")
        return self._uploads.sign_get(key, filename=filename, seconds=LINK_SECONDS)

    def _result(self, job_id: str, owner: str) -> JsonObject:
        return self.now(job_id, owner=owner)[1].result or {}

    def _report(self, job_id: str) -> JsonObject | None:
        body = self._objects.load(_report_key(job_id))
        return None if body is None else msgspec.json.decode(body)


def accepted_body(job_id: str, *, cached: bool = False) -> AcceptedBody:
    """Return the response body for a job that was started, or found by its bytes."""
    return AcceptedBody(message=progress.ACCEPTED, job_id=job_id, cached=cached)


def user_id(owner: str) -> str:
    """Return a user id for the job's message: the owner's name, or the name's hash."""
    if _MESSAGE_ID.fullmatch(owner):
        return owner
    return hashlib.sha256(owner.encode()).hexdigest()


def _report_key(job_id: str) -> str:
    return f"{REPORT_PREFIX}{job_id}.json"


def _with_request(context: JobContext, *asked: object) -> JobContext:
    """Return the job context with the hash of the request's parameters."""
    return context.model_copy(update={"asked": request_hash(*asked)})
