"""Checks of the promises, in the moment in which a stage acts."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import msgspec
from waveflow.errors import WaveflowError
from waveflow.events.flow import Source, dedupe_key, waveform_key
from waveflow.events.messages import Job
from waveflow.stages._records import Deletion

from support.simulation.bucket import UPLOADS, Bucket
from support.simulation.server import Server

CODES = {kind.code for kind in WaveflowError.__subclasses__()}
OUTPUTS = ("waveforms/", "mixed/", "previews/", "comparisons/", "dedupe/")


class BrokenPromiseError(AssertionError):
    """Failure of the simulation: the system broke a promise."""


@dataclass(frozen=True)
class Gone:
    """Upload that a stage deleted, and whether a copy was alive at that moment."""

    key: str
    version_id: str
    sha256: str
    survivor: str
    at: int
    alive: bool


@dataclass
class Ledger:
    """Ledger of the acts of stages and users, each checked against the promises.

    Keys of `gone` and `told_drawn` are the record's: one record for each rendition.
    """

    bucket: Bucket
    server: Server
    counts: Counter[str] = field(default_factory=Counter)
    touched: dict[str, int] = field(default_factory=dict)
    gone: dict[str, list[Gone]] = field(default_factory=lambda: defaultdict(list))
    drawn: dict[tuple[str, str], dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    told_drawn: set[tuple[str, str]] = field(default_factory=set)
    steps: int = 0

    def user_touched(self, key: str) -> None:
        """Record that a user changed an object, and at which step."""
        self.steps += 1
        self.touched[key] = self.steps

    def stage_called(self, call: str, key: str, *, user_id: str | None) -> None:
        """Check that a call stays inside the prefixes and the message's user."""
        if not key.startswith((*UPLOADS, *OUTPUTS)):
            raise BrokenPromiseError(f"{call} left the prefixes: {key}.")
        if user_id and key.startswith("users/") and key.split("/")[1] != user_id:
            raise BrokenPromiseError(f"{call} of {user_id} reached {key}.")
        if call == "delete" and key.startswith(OUTPUTS):
            raise BrokenPromiseError(f"A result was deleted: {key}.")

    def our_delete(
        self, job: Job, key: str, *, since: int, verdict: Any, justified: bool
    ) -> None:
        """Check one delete of a stage in the moment in which the delete happened."""
        self.steps += 1
        if len(self.bucket.versions[key]) < 2:
            raise BrokenPromiseError(f"{job.job_id} deleted without a way back.")
        version = self.bucket.versions[key][-2]
        self._check_way_back(job, key, version.sha256)
        _check_claimed_hash(job, version.sha256)
        if (dedupe_key(job), version.sha256) in self.told_drawn:
            self._check_late(job)
        if not justified:
            raise BrokenPromiseError(f"{job.job_id} deleted without a verdict.")
        survivor = self._survivor(job, verdict)
        if key in {survivor, verdict["duplicate_of"]["filepath"]}:
            raise BrokenPromiseError(f"{job.job_id} took {key} for its own survivor.")
        alive = self.bucket.copies[version.sha256] > 0
        gone = Gone(
            key, version.version_id, version.sha256, survivor, self.steps, alive
        )
        self._count_delete(job, gone, written=version.written, since=since)
        self.gone[dedupe_key(job)].append(gone)

    def _count_delete(self, job: Job, gone: Gone, *, written: int, since: int) -> None:
        """Count a delete as proved or raced; raise for a delete without any excuse."""
        left = self.bucket.current(gone.survivor)
        held = (
            left is not None
            and left.sha256 == gone.sha256
            and (left.written, gone.survivor) < (written, gone.key)
        )
        if held:
            self.counts["proved deletes"] += 1
            return
        raced = max(self.touched.get(k, 0) for k in (gone.survivor, gone.key)) > since
        ours = any(
            other.key == gone.survivor and other.at > since
            for found in self.gone.values()
            for other in found
        )
        if raced:
            self.counts["deletes a user raced, undoable"] += 1
        elif ours and gone.alive:
            self.counts["deletes whose survivor was deleted beside, undoable"] += 1
        else:
            raise BrokenPromiseError(
                f"{job.job_id} deleted {gone.key}, and {gone.survivor} is no older "
                "live copy."
            )
        if not gone.alive:
            self.counts["deletes of the last live copy, to be undone"] += 1

    def _survivor(self, job: Job, verdict: Any) -> str:
        """Return the recorded end of the chain that begins with the verdict's claim."""
        record = recorded(self.bucket, dedupe_key(job))
        assert record is not None
        named = verdict["duplicate_of"]
        mine = job.stem.stem_id in {record.survivor.stem_id, named["stemId"]}
        if mine:
            raise BrokenPromiseError(f"{job.job_id} took its stem for its survivor.")
        if record.survivor.filepath != named["filepath"]:
            self.counts["chains followed"] += 1
        return record.survivor.filepath

    def _check_late(self, job: Job) -> None:
        """Allow a late delete of what came back: the same invocation undoes that."""
        record = recorded(self.bucket, dedupe_key(job))
        if record is None or not record.is_undone:
            raise BrokenPromiseError(f"{job.job_id} deleted what is told as drawn.")
        self.counts["late deletes of what came back, to be undone"] += 1

    def without_copy(self) -> list[Gone]:
        """Return the uploads that WaveFlow deleted and that nothing living replaces.

        A content that a user deleted or replaced after WaveFlow's delete is theirs.
        """
        return [
            each
            for found in self.gone.values()
            for each in found
            if self.bucket.copies[each.sha256] < 1 and not self._went_later(each)
        ]

    def _went_later(self, gone: Gone) -> bool:
        return any(
            self.touched.get(key, 0) > gone.at
            for key, versions in self.bucket.versions.items()
            if any(version.sha256 == gone.sha256 for version in versions)
        )

    def _check_way_back(self, job: Job, key: str, sha256: str) -> None:
        record = recorded(self.bucket, dedupe_key(job))
        if record is None:
            raise BrokenPromiseError(f"{job.job_id} deleted without a record.")
        kept = self.bucket.version(record.source.key, record.source.version_id)
        if record.source.key != key or record.source.version_id == "null":
            raise BrokenPromiseError(f"{job.job_id} deleted without a way back.")
        if kept is None or kept.sha256 != sha256:
            raise BrokenPromiseError(f"{job.job_id} recorded a version that is gone.")

    def our_drawing(self, job: Job, key: str, source: Source) -> None:
        """Record a drawing; the same source must give the same document."""
        self.steps += 1
        audio_hash = source.audio_hash
        document = self.bucket.current(key)
        assert document is not None
        _check_claimed_hash(job, audio_hash)
        drawn = self.drawn[job.job_id, key]
        before = drawn.setdefault(audio_hash, document.sha256)
        if before != document.sha256:
            raise BrokenPromiseError(f"{job.job_id} drew {audio_hash} in two ways.")
        if json.loads(document.body or b"{}")["audio_hash"] != audio_hash:
            raise BrokenPromiseError(f"{job.job_id} drew other bytes than it hashed.")

    def refused(self, request: Any, reason: str) -> None:
        """Check that a guard had a reason to keep an object."""
        self.counts[f"refused {reason}"] += 1
        if not self._had_reason(request, reason):
            raise BrokenPromiseError(f"{request.job.job_id} was refused as {reason}.")

    def _had_reason(self, request: Any, reason: str) -> bool:
        source, job, named = request.source, request.job, request.duplicate_of
        record = recorded(self.bucket, dedupe_key(job))
        other = record is not None and not record.is_of(source)
        own = {
            "REPORT": True,
            "OFF": True,
            "UNVERSIONED": not self.bucket.versioned,
            "DRAWN": self.bucket.current(waveform_key(job)) is not None,
            "CHANGED": other or source.key in self.touched,
        }
        if record is not None and record.state == "kept" and record.reason == reason:
            return True
        if not isinstance(named, dict) or not isinstance(named.get("filepath"), str):
            return own.get(reason, reason == "NO_SURVIVOR")
        return reason in {name for name, so in own.items() if so} or (
            reason in self._wrong_with(named, source, job)
        )

    def _wrong_with(self, named: dict[str, Any], source: Source, job: Job) -> set[str]:
        """Return every reason not to accept the named survivor."""
        key, mine = named["filepath"], f"users/{job.stem.user_id}/"
        left, current = self.bucket.stored(key), self.bucket.current(key)
        if left is None or current is None or key in self.touched:
            found = {"NO_SURVIVOR", "ORDER", "DIFFERENT"}
        else:
            younger = (left.last_modified, key) >= (source.last_modified, source.key)
            differs = current.sha256 != source.audio_hash
            found = {"ORDER"} if younger else set()
            found |= {"DIFFERENT"} if differs else set()
        if self._is_in_a_chain(key):
            found |= {"SELF", "PATH"}  # the guards are about the end of the chain
        if not key.startswith(("audio/", mine)):
            found.add("PATH")
        if key == source.key or named.get("stemId") == job.stem.stem_id:
            found.add("SELF")
        return found

    def _is_in_a_chain(self, key: str) -> bool:
        """Return whether a record leads on from a key, deleted by a stage or a user."""
        records = [
            recorded(self.bucket, name)
            for name in self.bucket.versions
            if name.startswith("dedupe/")
        ]
        return any(record and record.source.key == key for record in records)


def recorded(bucket: Bucket, key: str) -> Deletion | None:
    """Return the deletion that a record holds, or None."""
    record = bucket.current(key)
    if record is None or record.body is None:
        return None
    return msgspec.json.decode(record.body, type=Deletion)


def _check_claimed_hash(job: Job, sha256: str) -> None:
    """Check that a message with a hash acts on the bytes of that hash."""
    claimed = getattr(job.message, "audio_hash", msgspec.UNSET)
    if claimed is not msgspec.UNSET and claimed != sha256:
        raise BrokenPromiseError(f"{job.job_id} is about other bytes than {sha256}.")
