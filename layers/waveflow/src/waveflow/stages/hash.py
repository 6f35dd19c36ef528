"""Compute the SHA-256 of an upload, and pin the S3 object for later stages."""

import hashlib
import hmac

import msgspec

from waveflow.errors import (
    EmptyAudioError,
    FileTooLargeError,
    InvalidMessageError,
    ObjectNotFoundError,
    SourceChangedError,
)
from waveflow.events.fields import check_key
from waveflow.events.flow import HashRequest, HashResult, Source, Verdict
from waveflow.events.messages import (
    AnalysisMessage,
    DuplicateMessage,
    Job,
    StemMessage,
)
from waveflow.events.normalise import read_job
from waveflow.ports import ObjectStore, Policy, StoredObject
from waveflow.stages._records import find_deletion


def hash_object(
    request: HashRequest, *, objects: ObjectStore, policy: Policy
) -> HashResult:
    """Pin the S3 object that the message names, and compute its SHA-256."""
    job = read_job(request)
    stem = job.message
    if not isinstance(stem, StemMessage):
        raise InvalidMessageError("The message names no object to hash.")
    check_key(stem.filepath, prefixes=policy.allowed_prefixes, user_id=stem.user_id)
    stored = objects.find(stem.filepath)
    if stored is None:
        return _result_of_deleted(job, stem, objects=objects)
    check_size(stored, policy=policy)
    source = pin(stored, objects=objects)
    _compare(stem, source)
    return HashResult(job=job, source=source, verdict=_known_verdict(stem))


def check_size(
    stored: StoredObject, *, policy: Policy, name: str = "The object"
) -> None:
    """Refuse an S3 object that is empty or too large, before reading its bytes."""
    if stored.size == 0:
        raise EmptyAudioError(f"{name} has no bytes.")
    if stored.size > policy.max_file_bytes:
        raise FileTooLargeError(
            f"{name} has {stored.size} bytes; {policy.max_file_bytes} are allowed."
        )


def pin(stored: StoredObject, *, objects: ObjectStore) -> Source:
    """Return the S3 object pinned by its ETag and SHA-256, for later stages."""
    return Source(
        key=stored.key,
        etag=stored.etag,
        size=stored.size,
        last_modified=stored.last_modified,
        audio_hash=sha256_of(stored, objects=objects),
        version_id=stored.version_id,
    )


def sha256_of(stored: StoredObject, *, objects: ObjectStore) -> str:
    """Return an object's SHA-256 in hex, from S3's checksum or from its bytes."""
    if stored.sha256 is not None:
        return stored.sha256
    digest = hashlib.sha256()
    for chunk in objects.read(stored.key, etag=stored.etag, size=stored.size):
        digest.update(chunk)
    return digest.hexdigest()


def _result_of_deleted(
    job: Job, stem: StemMessage, *, objects: ObjectStore
) -> HashResult:
    """Return the hash result of an upload that was deleted as a duplicate."""
    deletion = find_deletion(job, stem.filepath, objects=objects)
    if deletion is None:
        raise ObjectNotFoundError("No object is stored under the message's filepath.")
    _compare(stem, deletion.source)
    return HashResult(
        job=job,
        source=deletion.source,
        verdict=Verdict(verdict="duplicate", duplicate_of=deletion.survivor),
    )


def _compare(stem: StemMessage, source: Source) -> None:
    claimed = getattr(stem, "audio_hash", msgspec.UNSET)
    if isinstance(claimed, str) and not hmac.compare_digest(
        claimed.lower().encode(errors="replace"), source.audio_hash.encode()
    ):
        raise SourceChangedError("The object is not the one that the message hashed.")


def _known_verdict(stem: StemMessage) -> Verdict | None:
    if isinstance(stem, DuplicateMessage):
        return Verdict(verdict="duplicate", duplicate_of=stem.duplicate_of)
    if isinstance(stem, AnalysisMessage):
        return Verdict(verdict="new")
    return None
