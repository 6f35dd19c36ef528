"""Mix the stems that a message names into one file, and draw its waveform."""

import shutil
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from msgspec import UNSET

from waveflow.audio.listen.guard import Budget
from waveflow.audio.waveform.draw import ALGORITHM, waveform_document
from waveflow.errors import (
    InvalidMessageError,
    ObjectNotFoundError,
    ResourceLimitError,
    StemMissingError,
)
from waveflow.events.fields import check_key, iso_time
from waveflow.events.flow import (
    MixOutcome,
    MixRequest,
    Outcome,
    mixed_key,
    mixed_waveform_key,
)
from waveflow.events.messages import Job, MixMessage
from waveflow.events.normalise import read_job
from waveflow.events.webhooks import MixResult
from waveflow.ports import DRAWN_BY, SOURCE, ObjectStore, Policy, StoredObject
from waveflow.stages._fetch import fetch, workspace
from waveflow.stages._mix_claim import MixClaim
from waveflow.stages._mixing import MixFile, audible_paths, mix_file, needed_bytes
from waveflow.stages._optional import OptionalOutputs
from waveflow.stages._used import used_metadata
from waveflow.stages.hash import check_size

MIX_TIME_S = 840  # a minute less than the function's own time-out
CONTENT_TYPES = {"wav": "audio/wav", "flac": "audio/flac"}


def mix_stems(
    request: MixRequest, *, objects: ObjectStore, policy: Policy
) -> MixOutcome:
    """Mix the stems that the message names, and publish the mix and its waveform."""
    started = time.monotonic()
    job, message = _read(request, policy=policy)
    claim = MixClaim(request)
    claim.check_all(job, objects=objects)
    stems = [
        _find_stem(path, objects=objects, policy=policy)
        for path in audible_paths(message)
    ]
    with workspace(policy.scratch) as folder:
        _check_room(message, stems, folder)
        files = _fetch_all(stems, folder, objects=objects)
        optional = OptionalOutputs(
            job, policy, folder=folder, budget=Budget(), retries=request.retries
        )
        mixed = mix_file(
            message, files, deadline=started + MIX_TIME_S, listen=optional.listen
        )
        metadata = {**claim.metadata, **used_metadata(audible_paths(message))}
        claim.check_all(job, objects=objects)
        _publish(job, mixed, claim=claim, metadata=metadata, objects=objects)
        result = optional.publish(
            _result(job, mixed),
            objects=objects,
            audio_hash=mixed.audio_hash,
            deadline=started + MIX_TIME_S,
        )
    seconds = round(time.monotonic() - started, 3)
    outcome = Outcome(status="SUCCESS", processing_time=seconds, result=result)
    return MixOutcome(job=job, outcome=outcome)


def _read(request: MixRequest, *, policy: Policy) -> tuple[Job, MixMessage]:
    """Return the job of a mix and its message, of which every key is allowed."""
    job = read_job(request)
    message = job.message
    if not isinstance(message, MixMessage):
        raise InvalidMessageError("The message names no stems to mix.")
    for path in message.stem_paths:
        check_key(path, prefixes=policy.allowed_prefixes)
    return job, message


def _find_stem(path: str, *, objects: ObjectStore, policy: Policy) -> StoredObject:
    stored = objects.find(path)
    if stored is None:
        raise StemMissingError(f"No object is stored for the stem {path!r}.")
    check_size(stored, policy=policy, name=f"The stem {path!r}")
    return stored


def _check_room(message: MixMessage, stems: list[StoredObject], folder: Path) -> None:
    """Refuse stems that leave no room for the mix, before any stem is downloaded."""
    needed = needed_bytes(message, [stem.size for stem in stems])
    if needed > shutil.disk_usage(folder).free:
        raise ResourceLimitError(
            f"The stems, their sum and the mix need {needed} bytes of disk."
        )


def _fetch_all(
    stems: list[StoredObject], folder: Path, *, objects: ObjectStore
) -> dict[str, Path]:
    """Download the stems, and return the file of each key."""
    files = {stem.key: folder / f"stem-{n}" for n, stem in enumerate(stems)}
    for stem in stems:
        try:
            fetch(
                stem.key,
                files[stem.key],
                etag=stem.etag,
                audio_hash=stem.sha256,
                objects=objects,
                size=stem.size,
            )
        except ObjectNotFoundError as exc:
            raise StemMissingError(f"The stem {stem.key!r} is gone.") from exc
    return files


def _publish(
    job: Job,
    mixed: MixFile,
    *,
    claim: MixClaim,
    metadata: Mapping[str, str],
    objects: ObjectStore,
) -> None:
    """Write the mix's audio, then the document: no document may lack its audio."""
    document = waveform_document(
        mixed.waveform, audio_hash=mixed.audio_hash, created_at=iso_time(job.ts)
    )
    if mixed.mix is not UNSET:
        own = {SOURCE: mixed.audio_hash, DRAWN_BY: str(ALGORITHM)}
        metadata = {**metadata, **own}
    publish = partial(objects.publish, metadata=metadata, check=claim.check)
    audio_type = CONTENT_TYPES[mixed.suffix]
    publish(mixed_key(job, mixed.suffix), mixed.path, content_type=audio_type)
    publish(mixed_waveform_key(job), document, content_type="application/json")


def _result(job: Job, mixed: MixFile) -> MixResult:
    return MixResult(
        mixed_file_path=mixed_key(job, mixed.suffix),
        waveform_data_path=mixed_waveform_key(job),
        duration=round(mixed.waveform.duration, 6),
        sample_rate=mixed.waveform.sample_rate,
        channels=mixed.waveform.channels,
        warnings=list(mixed.warnings),
        mix=mixed.mix,
        stems=mixed.stems,
    )
