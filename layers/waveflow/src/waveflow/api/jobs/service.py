"""Start jobs, and return their progress, results and audio."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

from waveflow.api.compare_schemas import CompareBody
from waveflow.api.errors import (
    JobExpiredError,
    JobNotFoundError,
    JobNotVisibleError,
    NoResultError,
)
from waveflow.api.interfaces import Execution, Machine, UploadStore
from waveflow.api.jobs import progress
from waveflow.api.jobs.context import (
    JobContext,
    audio_key,
    context_of,
    user_id,
)
from waveflow.api.jobs.files import Files
from waveflow.api.jobs.idempotency import KnownJobs, refuse_another, with_request
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
from waveflow.ports import ObjectStore


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
        self._uploads = uploads
        self._seal = seal
        self._clock = clock
        self.files = Files(self._own, objects=objects, uploads=uploads)
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
        # An empty choice stays out: a classic mix keeps its id of older releases.
        asked = filter(None, [wanted.choices])
        job_id, context = self._named(
            with_request(context, *wanted.job_ids, *asked), "mix", key=idempotency_key
        )
        fields = {"stageId": job_id, **wanted.message_fields(paths)}
        return self._start(job_id, "mix_stems_and_upload", fields, context=context)

    def compare(
        self,
        context: JobContext,
        wanted: CompareBody,
        *,
        idempotency_key: str | None,
    ) -> AcceptedBody:
        """Start a job that compares files of the owner's jobs: uploads, or mixes."""
        keys: dict[str | None, str] = {}
        for each in wanted.job_ids:
            key = audio_key(*self._own(each, context.owner))
            if key is None:
                raise NoResultError("A job has no file that could be compared.")
            keys[each] = key
        job_id, context = self._named(
            with_request(context, wanted.model_dump()), "compare", key=idempotency_key
        )
        pairs = [
            {"before": keys.get(pair.before), "after": keys.get(pair.after)}
            for pair in wanted.pairs
        ]
        fields = {"stageId": job_id, "pairs": pairs, "num_peaks": wanted.num_peaks}
        return self._start(job_id, "compare_mixes", fields, context=context)

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
            context = with_request(context, upload.sha256, *asked)
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

    def _named(
        self, context: JobContext, operation: str, *, key: str | None
    ) -> tuple[str, JobContext]:
        """Return the id and context of a job that an Idempotency-Key may repeat."""
        if key is None:
            context = context.model_copy(update={"asked": None})
            return self._known.new_id(context), context
        return self._known.of_key(context, operation, key=key, upload=None)[0], context

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
