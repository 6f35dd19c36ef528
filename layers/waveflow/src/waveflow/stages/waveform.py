"""Draw the waveform of one stem: pinned bytes in, waveform document out."""

import time

import msgspec
from msgspec import UNSET

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
from waveflow.events.webhooks import WaveformResult
from waveflow.ports import ObjectStore, Policy
from waveflow.stages._analysis import analysis_of
from waveflow.stages._fetch import fetch, workspace
from waveflow.stages._records import duplicate_outcome, find_deletion, find_record

DRAW_TIME_S = 840  # a minute less than the function's own time-out


def draw_waveform(
    request: WaveformRequest, *, objects: ObjectStore, policy: Policy
) -> StemOutcome:
    """Publish the waveform document of exactly the bytes that were hashed.

    An upload that our own deletion took meanwhile ends as that duplicate.
    """
    started = time.monotonic()
    job, source = request.job, request.source
    try:
        result = _draw(request, started=started, objects=objects, policy=policy)
        _check_undeleted(job, source, objects=objects)
    except ObjectNotFoundError:
        deletion = find_deletion(job, source.key, objects=objects)
        if deletion is None:
            raise
        return duplicate_outcome(job, deletion, seconds=time.monotonic() - started)
    return Outcome(
        status="SUCCESS",
        result=result,
        processing_time=round(time.monotonic() - started, 3),
    )


def _draw(
    request: WaveformRequest, *, started: float, objects: ObjectStore, policy: Policy
) -> WaveformResult:
    job, source = request.job, request.source
    meter = Meter() if job.stem.analysis else None
    with workspace(policy.scratch) as folder:
        path = folder / "source"
        fetch(
            source.key,
            path,
            etag=source.etag,
            audio_hash=source.audio_hash,
            objects=objects,
        )
        waveform = draw(
            path,
            request.num_peaks or job.stem.num_peaks,
            deadline=started + DRAW_TIME_S,
            listeners=[meter] if meter else [],
        )
    document = waveform_document(
        waveform, audio_hash=source.audio_hash, created_at=iso_time(job.ts)
    )
    _publish(job, source, document, objects=objects)
    return _result(request, waveform, meter=meter)


def _publish(
    job: Job, source: Source, document: bytes, *, objects: ObjectStore
) -> None:
    """Publish the waveform document, but never over the document of other bytes."""
    key = waveform_key(job)
    before = objects.find(key)
    if before is not None:
        try:
            body = b"".join(objects.read(key, etag=before.etag))
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


def _check_undeleted(job: Job, source: Source, *, objects: ObjectStore) -> None:
    """Raise if the upload was deleted or replaced while its waveform was drawn."""
    record = find_record(job, objects=objects)
    stored = objects.find(source.key)
    if stored is None:
        raise ObjectNotFoundError("The object was deleted while it was drawn.")
    if stored.etag != source.etag:
        raise SourceChangedError("The object was replaced while it was drawn.")
    if (
        record is not None
        and record.deletion.state != "kept"
        and record.deletion.is_of(source)
    ):
        # The stage dedupe_delete soon finishes or cancels the deletion.
        raise StorageUnavailableError("A deletion of the object is under way.")


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
