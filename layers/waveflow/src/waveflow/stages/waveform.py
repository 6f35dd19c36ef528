"""Draw one stem: pinned bytes in, waveform document out."""

import time

from waveflow.audio.document import waveform_document
from waveflow.audio.listening import Listener
from waveflow.audio.peaks import Waveform, draw
from waveflow.events.fields import iso_time
from waveflow.events.flow import Outcome, WaveformRequest, waveform_key
from waveflow.ports import ObjectStore, Policy
from waveflow.stages.fetch import fetch, workspace
from waveflow.stages.heard import analysis_told

DRAW_TIME_S = 840  # a minute less than the function's own time-out


def draw_waveform(
    request: WaveformRequest, *, objects: ObjectStore, policy: Policy
) -> Outcome:
    """Publish the waveform document of exactly the bytes that were hashed."""
    started = time.monotonic()
    job, source = request.job, request.source
    listener = Listener() if job.stem.analysis else None
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
            tap=listener,
        )
    document = waveform_document(
        waveform, audio_hash=source.audio_hash, created_at=iso_time(job.ts)
    )
    key = waveform_key(job)
    objects.publish(key, document, content_type="application/json")
    return Outcome(
        status="SUCCESS",
        result=_result(request, waveform, key=key, listener=listener),
        processing_time=round(time.monotonic() - started, 3),
    )


def _result(
    request: WaveformRequest,
    waveform: Waveform,
    *,
    key: str,
    listener: Listener | None,
) -> dict[str, object]:
    result: dict[str, object] = {
        "audio_data_hash": request.source.audio_hash,
        "waveform_data_path": key,
        "file_size": request.source.size,
        "duration": round(waveform.duration, 6),
        "sample_rate": waveform.sample_rate,
        "num_peaks": len(waveform.peaks),
        "channels": waveform.channels,
        "format": waveform.format,
        "peak": round(waveform.peak, 6),
        "warnings": list(waveform.warnings),
    }
    if request.dedupe is not None:
        result["dedupe"] = request.dedupe
    if listener is not None:
        result["analysis"] = analysis_told(listener, request.music)
    return result
