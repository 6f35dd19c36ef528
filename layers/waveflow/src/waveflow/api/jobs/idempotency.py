"""Tell whether a request is a job that is there already."""

import hashlib
import json
import uuid
from collections.abc import Callable

from waveflow.api.errors import RepeatKeyReusedError
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.names import UPLOAD_PREFIX
from waveflow.api.jobs.subject import Subject, Wish, subject_of
from waveflow.api.jobs.upload import Arrival
from waveflow.api.ports import Execution, Machine
from waveflow.ports import ObjectStore

MAX_GENERATIONS = 20  # jobs of the same request that may lie behind the newest

Serves = Callable[[Execution], bool]


class Repeats:
    """The jobs that a request may be answered with, by its bytes or by its key.

    What arrives is dropped for such a job, so its object must still be stored.
    """

    def __init__(self, machine: Machine, *, objects: ObjectStore, seal: Seal) -> None:
        self._machine = machine
        self._objects = objects
        self._seal = seal

    def fresh(self, subject: Subject) -> str:
        """Return the id of a job that nobody has asked for before."""
        parts = (subject.owner, subject.token_id, str(uuid.uuid4()))
        return self._seal.job_id("new", *parts)

    def of_bytes(
        self, subject: Subject, arrival: Arrival, wish: Wish
    ) -> tuple[str, bool]:
        """Return the job of these bytes, and whether it needs no other run."""
        kind = f"{wish.num_peaks} {wish.analysis}"
        about = ("bytes", subject.owner, subject.token_id, arrival.sha256, kind)
        return self._newest(
            subject, about, lambda e: self._holds(e, arrival) and self._drawn(e)
        )

    def of_key(
        self, subject: Subject, operation: str, repeat_key: str, arrival: Arrival | None
    ) -> tuple[str, bool]:
        """Return the job of a request, and whether it was asked for before.

        Raises `RepeatKeyReusedError` when the key asked for something else.
        """

        def serves(execution: Execution) -> bool:
            refuse_another(execution, subject)
            return arrival is None or self._holds(execution, arrival)

        about = (operation, subject.owner, subject.token_id, repeat_key)
        return self._newest(subject, about, serves)

    def _newest(
        self, subject: Subject, about: tuple[str, ...], serves: Serves
    ) -> tuple[str, bool]:
        for generation in range(MAX_GENERATIONS):
            job_id = self._seal.job_id(*about, str(generation))
            execution = self._machine.describe(job_id)
            if execution is None:
                return job_id, False
            if serves(execution):
                return job_id, True
        return self.fresh(subject), False

    def _holds(self, execution: Execution, arrival: Arrival) -> bool:
        """Tell whether these bytes are stored, by the job or as its survivor."""
        subject = subject_of(execution)
        keys = [subject.key if subject else None, _survivor(execution)]
        found = [self._objects.find(key) for key in keys if key]
        return any(
            stored is not None
            and stored.size == arrival.size
            and stored.sha256 in {None, arrival.sha256}
            for stored in found
        )

    def _drawn(self, execution: Execution) -> bool:
        """Tell whether there is a document, or will be one."""
        if execution.status == "RUNNING":
            return True
        key = _result(execution).get("waveform_data_path")
        return isinstance(key, str) and self._objects.find(key) is not None


def asked_for(*parts: object) -> str:
    """Return the hash of what a request asks for."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def refuse_another(execution: Execution | None, subject: Subject) -> None:
    """Raise unless the execution is about what the request asks for."""
    known = subject_of(execution)
    if known is None or known.asked != subject.asked:
        raise RepeatKeyReusedError("The Idempotency-Key asked for something else.")


def _result(execution: Execution) -> dict[str, object]:
    output = execution.output if isinstance(execution.output, dict) else {}
    return output.get("result") or {}


def _survivor(execution: Execution) -> str | None:
    """Return the key of the object for which this one was deleted."""
    survivor = _result(execution).get("duplicate_of")
    key = survivor.get("filepath") if isinstance(survivor, dict) else None
    # Elsewhere the API may not look, and what arrived is kept.
    return key if isinstance(key, str) and key.startswith(UPLOAD_PREFIX) else None
