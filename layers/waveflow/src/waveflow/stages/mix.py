"""Mix all stems that a message names into one WAV and its waveform."""

import shutil
import time
from pathlib import Path

from waveflow.audio.listen.guard import Budget
from waveflow.audio.mix.sum import SAMPLE_BYTES, Mix, mix
from waveflow.audio.waveform.draw import waveform_document
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
from waveflow.ports import ObjectStore, Policy, StoredObject
from waveflow.stages._fetch import fetch, workspace
from waveflow.stages._optional import OptionalOutputs
from waveflow.stages.hash import check_size

MIX_TIME_S = 840  # a minute less than the function's own time-out


def mix_stems(
    request: MixRequest, *, objects: ObjectStore, policy: Policy
) -> MixOutcome:
    """Mix every stem that the message names, and publish the mix and its waveform."""
    started = time.monotonic()
    job = read_job(request)
    if not isinstance(job.message, MixMessage):
        raise InvalidMessageError("The message names no stems to mix.")
    stems = [
        _find_stem(path, objects=objects, policy=policy)
        for path in job.message.stem_paths
    ]
    with workspace(policy.scratch) as folder:
        paths = _fetch_all(stems, folder, objects=objects)
        optional = OptionalOutputs(
            job, policy, folder=folder, budget=Budget(), retries=request.retries
        )
        out = folder / "mix.wav"
        mixed = mix(
            paths,
            out,
            names=job.message.stem_paths,
            deadline=started + MIX_TIME_S,
            listen=lambda stream: optional.listen(
                stream, out, reserved_bytes=SAMPLE_BYTES * stream.frames
            ),
        )
        _publish(job, mixed, out, objects=objects)
        result = optional.publish(
            _result(job, mixed),
            objects=objects,
            audio_hash=mixed.audio_hash,
            deadline=started + MIX_TIME_S,
        )
    seconds = round(time.monotonic() - started, 3)
    outcome = Outcome(status="SUCCESS", processing_time=seconds, result=result)
    return MixOutcome(job=job, outcome=outcome)


def _find_stem(path: str, *, objects: ObjectStore, policy: Policy) -> StoredObject:
    check_key(path, prefixes=policy.allowed_prefixes)
    stored = objects.find(path)
    if stored is None:
        raise StemMissingError(f"No object is stored for the stem {path!r}.")
    check_size(stored, policy=policy, name=f"The stem {path!r}")
    return stored


def _fetch_all(
    stems: list[StoredObject], folder: Path, *, objects: ObjectStore
) -> list[Path]:
    sizes = [stem.size for stem in stems]
    # A frame of 16-bit stereo takes 4 bytes in a stem, 4 in the sum, 2 in the mix.
    needed = sum(sizes) + 3 * max(sizes) // 2
    if needed > shutil.disk_usage(folder).free:
        raise ResourceLimitError(
            f"The stems, their sum and the mix need {needed} bytes of disk."
        )
    paths = [folder / f"stem-{index}" for index in range(len(stems))]
    for stem, path in zip(stems, paths, strict=True):
        try:
            fetch(
                stem.key,
                path,
                etag=stem.etag,
                audio_hash=stem.sha256,
                objects=objects,
                size=stem.size,
            )
        except ObjectNotFoundError as exc:
            raise StemMissingError(f"The stem {stem.key!r} is gone.") from exc
    return paths


def _publish(job: Job, result: Mix, out: Path, *, objects: ObjectStore) -> None:
    """Write the mix's WAV before its document: no document may lack its audio."""
    objects.publish(mixed_key(job), out, content_type="audio/wav")
    document = waveform_document(
        result.waveform, audio_hash=result.audio_hash, created_at=iso_time(job.ts)
    )
    objects.publish(mixed_waveform_key(job), document, content_type="application/json")


def _result(job: Job, result: Mix) -> MixResult:
    return MixResult(
        mixed_file_path=mixed_key(job),
        waveform_data_path=mixed_waveform_key(job),
        duration=round(result.waveform.duration, 6),
        sample_rate=result.waveform.sample_rate,
        channels=result.waveform.channels,
        warnings=list(result.warnings),
    )
