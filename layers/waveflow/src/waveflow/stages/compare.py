"""Compare the pairs of versions that a message names, and publish one document."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from waveflow.audio.compare.allowance import Allowance
from waveflow.audio.compare.engine import compare
from waveflow.audio.compare.report import PairReport
from waveflow.audio.mix.room import MAX_BYTES
from waveflow.errors import (
    InvalidMessageError,
    ObjectNotFoundError,
    StemMissingError,
    WaveflowError,
)
from waveflow.events.fields import check_key, iso_time
from waveflow.events.flow import (
    CompareOutcome,
    CompareRequest,
    Outcome,
    comparison_key,
)
from waveflow.events.messages import CompareMessage, Job
from waveflow.events.normalise import read_job
from waveflow.events.pairs import Comparison, Pair
from waveflow.events.webhooks import ComparisonResult
from waveflow.ports import DRAWN_BY, SOURCE, ObjectStore, Policy, StoredObject
from waveflow.stages._claim import Claim
from waveflow.stages._fetch import fetch, workspace
from waveflow.stages._used import used_metadata
from waveflow.stages.hash import check_size

COMPARE_TIME_S = 840  # a minute less than the function's own time-out
MIXES = "mixed/"  # the stage compares mixes of WaveFlow, too
# Raised with every change that gives another report of the same versions.
ALGORITHM = 1


def compare_pairs(
    request: CompareRequest, *, objects: ObjectStore, policy: Policy
) -> CompareOutcome:
    """Compare the versions of each pair that the message names, one pair at a time."""
    started = time.monotonic()
    job, message = _read(request, policy=policy)
    claim = _claim(message)
    made = objects.find(comparison_key(job))
    if made is not None:
        claim.check(made)
    keys = dict.fromkeys(key for pair in message.pairs for key in pair.keys)
    pins = {key: _find_version(key, objects=objects, policy=policy) for key in keys}
    comparing = _Comparing(
        pins, objects=objects, policy=policy, deadline=started + COMPARE_TIME_S
    )
    reports = [
        comparing.report_of(pair, index, num_peaks=message.num_peaks)
        for index, pair in enumerate(message.pairs)
    ]
    metadata = {**claim.metadata, **used_metadata(keys)}
    metadata |= {SOURCE: comparing.source, DRAWN_BY: str(ALGORITHM)}
    objects.publish(
        comparison_key(job),
        msgspec.json.encode(Comparison(created_at=iso_time(job.ts), pairs=reports)),
        content_type="application/json",
        metadata=metadata,
        check=claim.check,
    )
    seconds = round(time.monotonic() - started, 3)
    result = _result(job, reports, warnings=sorted(comparing.warnings))
    outcome = Outcome(status="SUCCESS", processing_time=seconds, result=result)
    return CompareOutcome(job=job, outcome=outcome)


class _Comparing:
    """Compare pair after pair, with the files of only one pair on the disk."""

    def __init__(
        self,
        pins: Mapping[str, StoredObject],
        *,
        objects: ObjectStore,
        policy: Policy,
        deadline: float,
    ) -> None:
        self._pins, self._objects, self._policy = pins, objects, policy
        self._deadline = deadline
        self._allowance = Allowance()
        self._source = hashlib.sha256()

    @property
    def source(self) -> str:
        """Return a SHA-256 of the hashes of all compared versions, in order."""
        return self._source.hexdigest()

    @property
    def warnings(self) -> set[str]:
        """Return the codes of the versions that were decoded so far."""
        return self._allowance.warnings

    def report_of(self, pair: Pair, index: int, *, num_peaks: int) -> PairReport:
        """Download the versions of one pair, compare them, and remove their files."""
        with workspace(self._policy.scratch) as folder, _naming(index):
            files: dict[str | None, Path] = {}
            hashes: dict[str | None, str] = {}
            for key in dict.fromkeys(pair.keys):  # one download of a key named twice
                files[key] = folder / f"version-{len(files)}"
                hashes[key] = self._fetch(key, files[key])
            for version in (pair.before, pair.after):
                self._source.update(f"{hashes.get(version, '-')}\n".encode())
            return compare(
                files.get(pair.before),
                files.get(pair.after),
                folder=folder,
                num_peaks=num_peaks,
                allowance=self._allowance,
                deadline=self._deadline,
            )

    def _fetch(self, key: str, path: Path) -> str:
        """Download one pinned version, and return its SHA-256."""
        pin = self._pins[key]
        try:
            return fetch(
                key,
                path,
                etag=pin.etag,
                audio_hash=pin.sha256,
                objects=self._objects,
                size=pin.size,
            )
        except ObjectNotFoundError as exc:
            raise StemMissingError(f"The version {key!r} is gone.") from exc


def _read(request: CompareRequest, *, policy: Policy) -> tuple[Job, CompareMessage]:
    """Return the job of a comparison and its message, of which every key is allowed."""
    job = read_job(request)
    message = job.message
    if not isinstance(message, CompareMessage):
        raise InvalidMessageError("The message names no pairs to compare.")
    for pair in message.pairs:
        for key in pair.keys:
            check_key(key, prefixes=policy.allowed_prefixes, results=(MIXES,))
    return job, message


def _claim(message: CompareMessage) -> Claim:
    """Return the claim of a comparison: what decides its document's content."""
    asked = {"pairs": msgspec.to_builtins(message.pairs)}
    return Claim({**asked, "num_peaks": message.num_peaks}, thing="comparison")


def _find_version(key: str, *, objects: ObjectStore, policy: Policy) -> StoredObject:
    """Pin one version; a mix may be as large as mixes get."""
    stored = objects.find(key)
    if stored is None:
        raise StemMissingError(f"No object is stored for the version {key!r}.")
    if key.startswith(MIXES):
        policy = msgspec.structs.replace(policy, max_file_bytes=MAX_BYTES)
    check_size(stored, policy=policy, name=f"The version {key!r}")
    return stored


@contextmanager
def _naming(index: int) -> Iterator[None]:
    """Name the pair in the error of one of its versions."""
    try:
        yield
    except WaveflowError as exc:
        raise type(exc)(f"pairs[{index}]: {exc}") from exc


def _result(
    job: Job, reports: list[PairReport], *, warnings: list[str]
) -> ComparisonResult:
    return ComparisonResult(
        comparison_path=comparison_key(job),
        statuses=[report.status for report in reports],
        warnings=warnings,
    )
