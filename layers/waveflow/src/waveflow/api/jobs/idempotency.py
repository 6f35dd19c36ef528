"""Find an earlier job of the same uploaded bytes or the same Idempotency-Key."""

import hashlib
import json
import uuid
from collections.abc import Callable

from waveflow.api.errors import IdempotencyKeyReusedError, JobNotVisibleError
from waveflow.api.interfaces import Execution, Machine
from waveflow.api.jobs.context import UPLOAD_PREFIX, JobContext, context_of
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.upload import StreamedUpload
from waveflow.api.schemas import JobOptions
from waveflow.ports import ObjectStore

MAX_GENERATIONS = 20  # job ids tried for one request, from the oldest on

Serves = Callable[[Execution], bool]


class KnownJobs:
    """Search for an earlier job, by uploaded bytes or by Idempotency-Key.

    An upload is dropped for such a job, so the job's object must still be stored.
    """

    def __init__(self, machine: Machine, *, objects: ObjectStore, seal: Seal) -> None:
        self._machine = machine
        self._objects = objects
        self._seal = seal

    def new_id(self, context: JobContext) -> str:
        """Return a new job id that no earlier request has."""
        parts = (context.owner, context.token_id, str(uuid.uuid4()))
        return self._seal.job_id("new", *parts)

    def of_bytes(
        self, context: JobContext, upload: StreamedUpload, *, options: JobOptions
    ) -> tuple[str, bool]:
        """Return the job id of uploaded bytes, and whether such a job exists."""
        kind = " ".join(map(str, options.message_fields.values()))
        about = ("bytes", context.owner, context.token_id, upload.sha256, kind)
        return self._newest(
            context, about, lambda e: self._stores(e, upload) and self._has_document(e)
        )

    def of_key(
        self,
        context: JobContext,
        operation: str,
        *,
        key: str,
        upload: StreamedUpload | None,
    ) -> tuple[str, bool]:
        """Return the job id of an Idempotency-Key, and whether such a job exists.

        Raises `IdempotencyKeyReusedError` when the key asked for something else.
        """

        def serves(execution: Execution) -> bool:
            refuse_another(execution, context)
            return upload is None or self._stores(execution, upload)

        about = (operation, context.owner, context.token_id, key)
        return self._newest(context, about, serves)

    def _newest(
        self, context: JobContext, about: tuple[str, ...], serves: Serves
    ) -> tuple[str, bool]:
        for generation in range(MAX_GENERATIONS):
            job_id = self._seal.job_id(*about, str(generation))
            execution = self._machine.describe(job_id)
            if execution is None:
                return job_id, False
            if serves(execution):
                return job_id, True
        return self.new_id(context), False

    def _stores(self, execution: Execution, upload: StreamedUpload) -> bool:
        """Tell whether S3 holds an upload's bytes as a job's file, or its survivor."""
        context = context_of(execution)
        keys = [context.key if context else None, _survivor(execution)]
        found = [self._objects.find(key) for key in keys if key]
        return any(
            stored is not None
            and stored.size == upload.size
            and stored.sha256 in {None, upload.sha256}
            for stored in found
        )

    def _has_document(self, execution: Execution) -> bool:
        """Tell whether a job has a waveform document in S3, or still runs."""
        if execution.status == "RUNNING":
            return True
        key = execution.result.get("waveform_data_path")
        return isinstance(key, str) and self._objects.find(key) is not None


def request_hash(*parts: object) -> str:
    """Return the SHA-256 of a request's parameters, by which repeats are recognised."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def with_request(context: JobContext, *asked: object) -> JobContext:
    """Return the job context with the hash of the request's parameters."""
    return context.model_copy(update={"asked": request_hash(*asked)})


def refuse_another(execution: Execution | None, context: JobContext) -> None:
    """Raise `IdempotencyKeyReusedError` if the execution is of another request.

    None is an execution whose name is taken, but which Step Functions does not show
    yet: `JobNotVisibleError`.
    """
    if execution is None:
        raise JobNotVisibleError("The job was started a moment ago; ask again.")
    known = context_of(execution)
    if known is None or known.asked != context.asked:
        raise IdempotencyKeyReusedError("The Idempotency-Key asked for something else.")


def _survivor(execution: Execution) -> str | None:
    """Return the S3 key of the older file that survived a job's duplicate, or None."""
    survivor = execution.result.get("duplicate_of")
    key = survivor.get("filepath") if isinstance(survivor, dict) else None
    # The API may look below this prefix alone; for a file elsewhere, keep the upload.
    return key if isinstance(key, str) and key.startswith(UPLOAD_PREFIX) else None
