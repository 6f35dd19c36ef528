"""Hold the simulated system to its promises, after every step."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from waveflow.errors import WaveflowError
from waveflow.events.flow import Source, dedupe_key
from waveflow.events.messages import Job
from waveflow.stages.records import Deletion

from support.simulation.bucket import Bucket
from support.simulation.server import FINAL, Server
from support.walker import Ended

CODES = {kind.code for kind in WaveflowError.__subclasses__()}
OUTPUTS = ("waveforms/", "mixed/", "dedupe/")
UNDELIVERED = {"Ask", "AskUndelivered", "Tell", "TellFailure"}


class BrokenPromiseError(AssertionError):
    """The system did what it promises never to do."""


@dataclass
class Ledger:
    """What our stages did, what users did, and whether it was right."""

    bucket: Bucket
    server: Server
    counts: Counter[str] = field(default_factory=Counter)
    touched: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, set[tuple[str, str | None]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    drawn: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    drawn_of: dict[str, set[tuple[str, str | None]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    steps: int = 0

    def user_touched(self, key: str) -> None:
        """Remember that a user changed an object, and when."""
        self.steps += 1
        self.touched[key] = self.steps

    def stage_called(self, call: str, key: str, *, user_id: str | None) -> None:
        """Hold every call to the prefixes, and to the message's own user."""
        if not key.startswith(("audio/", "users/", *OUTPUTS)):
            raise BrokenPromiseError(f"{call} left the prefixes: {key}.")
        if user_id and key.startswith("users/") and key.split("/")[1] != user_id:
            raise BrokenPromiseError(f"{call} of {user_id} reached {key}.")
        if call == "delete" and key.startswith(OUTPUTS):
            raise BrokenPromiseError(f"A result was deleted: {key}.")

    def our_delete(
        self, job: Job, key: str, *, since: int, verdict: Any, justified: bool
    ) -> None:
        """Check one delete of ours in the moment in which it happened."""
        self.steps += 1
        if len(self.bucket.versions[key]) < 2:
            raise BrokenPromiseError(f"{job.job_id} deleted without a way back.")
        version = self.bucket.versions[key][-2]
        self._check_way_back(job, key, version.version_id)
        if not justified:
            raise BrokenPromiseError(f"{job.job_id} deleted without a verdict.")
        survivor = verdict["duplicate_of"]["filepath"]
        if survivor == key or verdict["duplicate_of"]["stemId"] == job.stem.stem_id:
            raise BrokenPromiseError(f"{job.job_id} took {key} for its own survivor.")
        left = self.bucket.current(survivor)
        held = (
            left is not None
            and left.sha256 == version.sha256
            and (left.written, survivor) < (version.written, key)
        )
        if held and self.bucket.copies[version.sha256] > 0:
            self.counts["proved deletes"] += 1
        elif max(self.touched.get(k, 0) for k in (survivor, key)) > since:
            # A user took the survivor between proof and delete; no check closes
            # that race, and the recorded version brings the content back.
            self.counts["deletes a user raced, undoable"] += 1
        else:
            raise BrokenPromiseError(
                f"{job.job_id} deleted {key}, and {survivor} is no older live copy."
            )
        self.deleted[job.job_id].add((key, version.version_id))

    def _check_way_back(self, job: Job, key: str, version_id: str) -> None:
        record = self.bucket.current(dedupe_key(job))
        if record is None or record.body is None:
            raise BrokenPromiseError(f"{job.job_id} deleted without a record.")
        source = msgspec.json.decode(record.body, type=Deletion).source
        if source.key != key or version_id == "null":
            raise BrokenPromiseError(f"{job.job_id} deleted without a way back.")
        kept = self.bucket.version(key, source.version_id)
        if kept is None or kept.sha256 != source.audio_hash:
            raise BrokenPromiseError(f"{job.job_id} recorded a version that is gone.")

    def our_drawing(self, job: Job, key: str, source: Source) -> None:
        """Remember what was drawn; the same source must give the same document."""
        self.steps += 1
        audio_hash = source.audio_hash
        self.drawn_of[job.job_id].add((source.key, source.version_id))
        document = self.bucket.current(key)
        assert document is not None
        before = self.drawn[job.job_id].setdefault(audio_hash, document.sha256)
        if before != document.sha256:
            raise BrokenPromiseError(f"{job.job_id} drew {audio_hash} in two ways.")
        if audio_hash.encode() not in (document.body or b""):
            raise BrokenPromiseError(f"{job.job_id} drew other bytes than it hashed.")

    def told(self, payload: Mapping[str, Any]) -> None:
        """Check that what the server is told is so in this moment."""
        task_id, status = payload["task_id"], payload["status"]
        self.counts[f"told {status}"] += 1
        result = payload.get("result") or {}
        if status == "SUCCESS" and "stemId" in payload:
            drawn = self.drawn[task_id]
            if result["audio_data_hash"] not in drawn:
                raise BrokenPromiseError(f"{task_id} is told as drawn, and is not.")
        if status == "DUPLICATE":
            source = self._recorded(payload)
            if not source:
                raise BrokenPromiseError(f"{task_id} is told as deleted, and is not.")
        if status == "FAILURE" and result["error_code"] not in CODES:
            raise BrokenPromiseError(f"{task_id} failed with {result['error_code']}.")

    def _recorded(self, payload: Mapping[str, Any]) -> bool:
        prefix = f"dedupe/{payload['stemId']}_"
        return any(key.startswith(prefix) for key in self.bucket.versions)

    def ended(self, run: Any, end: Ended) -> None:
        """Check that an execution ends typed, and told where somebody can be."""
        self.counts[f"ended {end.status} at {end.state} {end.error or ''}".strip()] += 1
        if end.status == "SUCCEEDED":
            return
        if end.state == "Failed":
            if end.error not in CODES:
                raise BrokenPromiseError(f"{run.name} ended with {end.error}.")
            if run.tells and run.job_id not in self.server.told:
                raise BrokenPromiseError(f"{run.name} failed, and nobody was told.")
        elif end.state not in UNDELIVERED:
            raise BrokenPromiseError(f"{run.name} ended at {end.state}: {end.error}.")

    def settled(self, runs: list[Any]) -> None:
        """Check the whole once nothing moves and nothing fails any more."""
        for run in runs:
            end = run.execution.ended
            if end is None:
                raise BrokenPromiseError(f"{run.name} never ended.")
            if end.state in UNDELIVERED - {"Tell"} or (
                end.state == "Tell" and end.status == "FAILED"
            ):
                raise BrokenPromiseError(f"{run.name} was never told.")
        self._check_effects()

    def _check_effects(self) -> None:
        for job_id, told in self.server.told.items():
            gone = self.deleted.get(job_id, set())
            if gone & self.drawn_of.get(job_id, set()):
                raise BrokenPromiseError(f"{job_id} drew an upload and deleted it.")
            if told["status"] == "DUPLICATE" and not gone:
                self._check_twin_of_an_earlier_job(job_id, told)

    def _check_twin_of_an_earlier_job(
        self, job_id: str, told: Mapping[str, Any]
    ) -> None:
        """Look for the deletion by stem: another message may have asked for it."""
        stem = told["stemId"]
        if not any(key.startswith(f"dedupe/{stem}_") for key in self.bucket.versions):
            raise BrokenPromiseError(f"{job_id} is a duplicate that nobody deleted.")


def final(told: Mapping[str, Any] | None) -> bool:
    """Tell whether nothing may replace what the server knows of a job."""
    return told is not None and told["status"] in FINAL
