"""Draw the waveform of one stem: pinned bytes in, waveform document out."""

import time
from pathlib import Path

import msgspec
from msgspec import UNSET

from waveflow.audio.listen.guard import Budget
from waveflow.audio.listen.meter import Meter
from waveflow.audio.waveform.draw import Waveform, draw, waveform_document
from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.events.fields import iso_time
from waveflow.events.flow import (
    Outcome,
    Source,
    StemOutcome,
    WaveformRequest,
    waveform_key,
)
from waveflow.events.messages import Job
from waveflow.events.webhooks import Dedupe, WaveformResult
from waveflow.ports import ObjectStore, Policy
from waveflow.stages._analysis import analysis_of
from waveflow.stages._fetch import fetch, workspace
from waveflow.stages._optional import OptionalOutputs
from waveflow.stages._records import (
    UNDONE,
    Deletion,
    duplicate_outcome,
    find_deletion,
    find_record,
)
from waveflow.stages.hash import sha256_of

DRAW_TIME_S = 840  # a minute less than the function's own time-out


def draw_waveform(
    request: WaveformRequest, *, objects: ObjectStore, policy: Policy
) -> StemOutcome:
    """Publish the waveform document of exactly the bytes that were hashed.

    An upload that our own deletion took meanwhile ends as that duplicate.
    """
    started = time.monotonic()
    job = request.job
    request = _with_current_pin(request, objects=objects)
    try:
        result = _draw(request, started=started, objects=objects, policy=policy)
        deletion = _find_undone(job, request.source, objects=objects)
    except ObjectNotFoundError:
        deletion = find_deletion(job, request.source.key, objects=objects)
        if deletion is None:
            raise
        return duplicate_outcome(deletion, seconds=time.monotonic() - started)
    if deletion is not None:
        dedupe = Dedupe(refused=str(deletion.reason))
        result = msgspec.structs.replace(result, dedupe=dedupe)
    return Outcome(
        status="SUCCESS",
        result=result,
        processing_time=round(time.monotonic() - started, 3),
    )


def _draw(
    request: WaveformRequest, *, started: float, objects: ObjectStore, policy: Policy
) -> WaveformResult:
    job, source, budget = request.job, request.source, Budget()
    meter = Meter(budget) if job.stem.analysis else None
    with workspace(policy.scratch) as folder:
        path = folder / "source"
        optional = OptionalOutputs(
            job, policy, folder=folder, budget=budget, retries=request.retries
        )
        _fetch(source, path, objects=objects)
        waveform = draw(
            path,
            request.num_peaks or job.stem.num_peaks,
            deadline=started + DRAW_TIME_S,
            listen=lambda stream: [
                *optional.listen(stream, path),
                *([meter] if meter else []),
            ],
        )
        _publish(job, source, waveform, objects=objects)
        return optional.publish(
            # The meter must finish before uploads use up the shared budget.
            _result(request, waveform, meter=meter),
            objects=objects,
            audio_hash=source.audio_hash,
            deadline=started + DRAW_TIME_S,
        )


def _fetch(source: Source, path: Path, *, objects: ObjectStore) -> None:
    """Download exactly the bytes that were hashed."""
    fetch(
        source.key,
        path,
        etag=source.etag,
        audio_hash=source.audio_hash,
        objects=objects,
        size=source.size,
    )


def _publish(
    job: Job, source: Source, waveform: Waveform, *, objects: ObjectStore
) -> None:
    """Publish the waveform document, but never over the document of other bytes."""
    key = waveform_key(job)
    document = waveform_document(
        waveform, audio_hash=source.audio_hash, created_at=iso_time(job.ts)
    )
    before = objects.find(key)
    if before is not None:
        try:
            body = b"".join(objects.read(key, etag=before.etag, size=before.size))
        except (ObjectNotFoundError, SourceChangedError) as exc:
            raise StorageUnavailableError("The document is in motion.") from exc
        if body == document:
            return
        if msgspec.json.decode(body).get("audio_hash") != source.audio_hash:
            raise SourceChangedError(
                "Other bytes were drawn for this stem and timestamp before."
            )
    objects.publish_over(
        key,
        document,
        etag=before.etag if before else None,
        content_type="application/json",
    )


def _with_current_pin(
    request: WaveformRequest, *, objects: ObjectStore
) -> WaveformRequest:
    """Pin an upload again that came back: a copy of many parts has another ETag."""
    if request.dedupe is None or request.dedupe.refused not in UNDONE:
        return request
    stored = objects.find(request.source.key)
    if stored is None or stored.etag == request.source.etag:
        return request
    if sha256_of(stored, objects=objects) != request.source.audio_hash:
        raise SourceChangedError("Other bytes lie under the key of the upload.")
    source = msgspec.structs.replace(request.source, etag=stored.etag)
    return msgspec.structs.replace(request, source=source)


def _find_undone(job: Job, source: Source, *, objects: ObjectStore) -> Deletion | None:
    """Look for a deletion after publishing; `dedupe_delete` looks the other way.

    Returns the deletion if the upload came back after that, so that the server
    learns of the way back from DUPLICATE.
    """
    record = find_record(job, objects=objects)
    stored = objects.find(source.key)
    if stored is None:
        raise ObjectNotFoundError("The object was deleted while it was drawn.")
    if stored.etag != source.etag:
        raise SourceChangedError("The object was replaced while it was drawn.")
    if record is None or not record.deletion.is_of(source):
        return None
    if record.deletion.is_undone:
        return record.deletion
    if record.deletion.state != "kept":
        # The stage dedupe_delete soon finishes or cancels the deletion.
        raise StorageUnavailableError("A deletion of the object is under way.")
    return None


def _result(
    request: WaveformRequest, waveform: Waveform, *, meter: Meter | None
) -> WaveformResult:
    return WaveformResult(
        audio_data_hash=request.source.audio_hash,
        waveform_data_path=waveform_key(request.job),
        file_size=request.source.size,
        duration=round(waveform.duration, 6),
        sample_rate=waveform.sample_rate,
        num_peaks=len(waveform.peaks),
        channels=waveform.channels,
        format=waveform.format,
        peak=round(waveform.peak, 6),
        warnings=list(waveform.warnings),
        dedupe=UNSET if request.dedupe is None else request.dedupe,
        analysis=UNSET if meter is None else analysis_of(meter, request.music),
    )
