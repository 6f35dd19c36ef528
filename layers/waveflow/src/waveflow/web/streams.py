"""Encode a job's moments as server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.responses import StreamingResponse

from waveflow.jobs.feed import Gone
from waveflow.jobs.progress import Progress

RETRY_MS = 1000
HEARTBEAT = b": still here\n\n"
MAX_NUMBER_DIGITS = 9
Moments = AsyncIterator[Progress | Gone | None]


def event_stream(moments: Moments) -> StreamingResponse:
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


async def _encoded(moments: Moments) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    async for moment in moments:
        if moment is None:
            yield HEARTBEAT
        elif isinstance(moment, Gone):
            yield _gone(moment)
        else:
            yield _event(moment)


def _gone(job: Gone) -> bytes:
    """Say why a job is followed no further; the status was sent long ago."""
    return _block("event: gone", {"status": "failed", **msgspec.to_builtins(job)})


def _event(moment: Progress) -> bytes:
    data = {k: v for k, v in msgspec.to_builtins(moment).items() if k != "number"}
    return _block(f"id: {moment.number}", data)


def _block(head: str, data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{head}\ndata: {text}\n\n".encode()
