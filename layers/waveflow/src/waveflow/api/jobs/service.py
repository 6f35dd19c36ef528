"""Start jobs, and say what became of them."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from waveflow.api.errors import JobExpiredError, JobNotFoundError, NoResultError
from waveflow.api.jobs import progress
from waveflow.api.jobs.idempotency import Repeats, asked_for, refuse_another
from waveflow.api.jobs.ids import Seal, is_job_id
from waveflow.api.jobs.names import plain_name, user_id
from waveflow.api.jobs.progress import Progress
from waveflow.api.jobs.subject import Accepted, Subject, Wish, subject_of, with_file
from waveflow.api.jobs.upload import Arrival
from waveflow.api.ports import Execution, Machine, UploadStore
from waveflow.errors import SourceChangedError
from waveflow.events.fields import iso_time
from waveflow.ports import ObjectStore

OUTSIDE_PREFIX = "analysis/"  # what an outside analysis server said


class Jobs:
    """Every job of every owner, kept by Step Functions and S3 alone."""

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
        self._repeats = Repeats(machine, objects=objects, seal=seal)

    async def receive(
        self, subject: Subject, chunks: AsyncIterator[bytes], *, wish: Wish
    ) -> Accepted:
        """Store an upload while it arrives and start its job."""
        subject = with_file(subject, subject.filename)
        async with Arrival(
            subject.key or "", store=self._uploads, max_bytes=self.max_file_bytes
        ) as arrival:
            await arrival.take(chunks)
            return await asyncio.to_thread(self._accept, subject, arrival, wish)

    def start(self, subject: Subject, *, job_id: str, wish: Wish) -> Accepted:
        """Start the job of an object that is stored."""
        verdict = wish.verdict == "platform"
        task = "generate_hash_and_webhook" if verdict else "process_audio_analysis"
        fields = {
            "userId": user_id(subject.owner),
            "trackId": subject.token_id,
            "stemId": job_id,
            "filepath": subject.key,
            "original_filename": subject.filename,
            "num_peaks": wish.num_peaks,
            "analysis": wish.analysis,
        }
        self._start(job_id, task, fields, subject=subject)
        return Accepted(job_id=job_id)

    def started(self, job_id: str) -> bool:
        """Tell whether a job was started."""
        return self._machine.describe(job_id) is not None

    def mix(
        self, subject: Subject, job_ids: Sequence[str], *, repeat_key: str | None
    ) -> Accepted:
        """Start a mix of the files of some of the owner's jobs, in that order."""
        stems = [self.subject(job_id, owner=subject.owner) for job_id in job_ids]
        paths = [stem.key for stem in stems if stem.key is not None]
        if len(paths) < len(stems):
            raise NoResultError("A mix has no file that could be mixed again.")
        if repeat_key is None:
            job_id = self._repeats.fresh(subject)
        else:
            subject = _asking(subject, *job_ids)
            job_id, _ = self._repeats.of_key(subject, "mix", repeat_key, None)
        fields = {"stageId": job_id, "stem_paths": paths}
        self._start(job_id, "mix_stems_and_upload", fields, subject=subject)
        return Accepted(job_id=job_id)

    def look(self, job_id: str) -> list[Progress]:
        """Return every moment of a job until now."""
        history = self._machine.history(job_id)
        seen = progress.moments(job_id, history)
        if not seen or not progress.has_ended(history):
            return seen
        end = progress.ending(
            self._execution(job_id),
            outside=self._outside(job_id),
            last=seen[-1],
            end=history[-1],
        )
        return [*seen, end] if end else seen

    def now(self, job_id: str, *, owner: str) -> tuple[Subject, Progress]:
        """Return what a job is about and its newest moment, if it is the owner's."""
        subject = self.subject(job_id, owner=owner)
        seen = self.look(job_id)
        return subject, seen[-1] if seen else progress.beginning(job_id)

    def subject(self, job_id: str, *, owner: str) -> Subject:
        """Return what a job is about, if it is the owner's."""
        subject = subject_of(self._execution(job_id))
        if subject is None or subject.owner != owner:
            raise JobNotFoundError("You have no job with this id.")
        return subject

    def document(self, job_id: str, *, owner: str) -> bytes:
        """Return the waveform document of a job, byte for byte."""
        key = self._result(job_id, owner).get("waveform_data_path")
        body = self._objects.load(str(key)) if key else None
        if body is None:
            raise NoResultError("The job has no waveform.")
        return body

    def audio_url(self, job_id: str, *, owner: str, download: bool) -> str:
        """Return a URL that gives the job's audio for some minutes."""
        subject = self.subject(job_id, owner=owner)
        key = subject.key or self._result(job_id, owner).get("mixed_file_path")
        if key is None or self._objects.find(key) is None:
            raise NoResultError("The job has no audio, or no longer.")
        name = (subject.filename or plain_name(key)) if download else None
        return self._uploads.sign_get(key, filename=name, seconds=600)

    def note_outside(self, job_id: str, said: Mapping[str, Any]) -> bool:
        """Keep what an outside analysis server says; return whether that is news."""
        self._execution(job_id)
        if self._outside(job_id) is not None:
            return False
        body = msgspec.json.encode(said)
        try:
            self._uploads.put(
                _outside_key(job_id),
                body,
                sha256=hashlib.sha256(body).digest(),
                content_type="application/json",
            )
        except SourceChangedError:
            return False  # another report came between
        return True

    def _accept(self, subject: Subject, arrival: Arrival, wish: Wish) -> Accepted:
        if wish.repeat_key is not None:
            subject = _asking(
                subject, arrival.sha256, wish.num_peaks, wish.verdict, wish.analysis
            )
            job_id, known = self._repeats.of_key(
                subject, "upload", wish.repeat_key, arrival
            )
        elif wish.verdict == "platform":
            job_id, known = self._repeats.fresh(subject), False
        else:
            job_id, known = self._repeats.of_bytes(subject, arrival, wish)
        if known:
            return Accepted(job_id=job_id, cached=wish.repeat_key is None)
        arrival.keep()
        return self.start(subject, job_id=job_id, wish=wish)

    def _start(
        self, job_id: str, task: str, fields: Mapping[str, Any], *, subject: Subject
    ) -> None:
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
            "api": msgspec.to_builtins(subject),
        }
        started = self._machine.start(job_id, record)
        if not started and subject.asked is not None:
            refuse_another(self._machine.describe(job_id), subject)

    def _execution(self, job_id: str) -> Execution:
        """Return a job's execution; only one that is gone must prove itself."""
        execution = self._machine.describe(job_id) if is_job_id(job_id) else None
        if execution is not None and subject_of(execution) is not None:
            return execution
        if self._seal.issued(job_id):
            raise JobExpiredError("The job is older than 90 days and forgotten.")
        raise JobNotFoundError("You have no job with this id.")

    def _result(self, job_id: str, owner: str) -> Mapping[str, Any]:
        return self.now(job_id, owner=owner)[1].result or {}

    def _outside(self, job_id: str) -> Mapping[str, Any] | None:
        body = self._objects.load(_outside_key(job_id))
        return None if body is None else msgspec.json.decode(body)


def _outside_key(job_id: str) -> str:
    return f"{OUTSIDE_PREFIX}{job_id}.json"


def _asking(subject: Subject, *asked: object) -> Subject:
    return msgspec.structs.replace(subject, asked=asked_for(*asked))
