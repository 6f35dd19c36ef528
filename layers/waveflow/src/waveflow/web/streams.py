"""Encode a job's moments as server-sent events."""

import json
from collections.abc import AsyncIterator

import msgspec
from starlette.responses import StreamingResponse

from waveflow.jobs.progress import Progress
from waveflow.jobs.refusals import RefusalError

RETRY_MS = 1000
HEARTBEAT = b": still here\n\n"
MAX_NUMBER_DIGITS = 9


def event_stream(moments: AsyncIterator[Progress | None]) -> StreamingResponse:
    """Return a stream that no proxy holds back."""
    return StreamingResponse(
        _encoded(moments),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def number_of(last_event_id: str | None) -> int:
    """Return the number after which to go on; an id that is none begins anew."""
    text = (last_event_id or "").strip()
    valid = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_DIGITS
    return int(text) if valid else 0


async def _encoded(moments: AsyncIterator[Progress | None]) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    try:
        async for moment in moments:
            yield HEARTBEAT if moment is None else _event(moment)
    except RefusalError as exc:
        # The job was forgotten while it was followed: say so, then end.
        gone = json.dumps({"status": "failed", "code": exc.code, "message": str(exc)})
        yield f"event: gone\ndata: {gone}\n\n".encode()


def _event(moment: Progress) -> bytes:
    data = {k: v for k, v in msgspec.to_builtins(moment).items() if k != "number"}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {moment.number}\ndata: {text}\n\n".encode()
