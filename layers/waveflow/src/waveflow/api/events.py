"""Encode a job's moments as server-sent events."""

import json
from collections.abc import AsyncIterator

import msgspec
from starlette.responses import StreamingResponse

from waveflow.api.jobs.feed import Gone
from waveflow.api.jobs.progress import Progress

BEGINNING = b"retry: 1000\n\n"
HEARTBEAT = b": still here\n\n"
MAX_NUMBER_DIGITS = 9
Moments = AsyncIterator[Progress | Gone | None]


def event_stream(moments: Moments) -> StreamingResponse:
    """Return one job's stream; its ids are the moments' numbers."""
    return _response(_numbered(moments))


def several_stream(moments: Moments) -> StreamingResponse:
    """Return several jobs' stream; its ids count the jobs that have ended."""
    return _response(_counted(moments))


def number_of(last_event_id: str | None) -> int:
    """Return the number after which to go on; an id that is none begins anew."""
    text = (last_event_id or "").strip()
    valid = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_DIGITS
    return int(text) if valid else 0


def _response(body: AsyncIterator[bytes]) -> StreamingResponse:
    """Return a stream that no proxy holds back."""
    return StreamingResponse(
        body,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _numbered(moments: Moments) -> AsyncIterator[bytes]:
    yield BEGINNING
    async for moment in moments:
        yield _event(moment, moment.number if isinstance(moment, Progress) else None)


async def _counted(moments: Moments) -> AsyncIterator[bytes]:
    yield BEGINNING
    ended = 0
    async for moment in moments:
        ended += moment is not None and moment.final
        yield _event(moment, ended)


def _event(moment: Progress | Gone | None, number: int | None) -> bytes:
    if moment is None:
        return HEARTBEAT
    head = "" if number is None else f"id: {number}\n"
    data = msgspec.to_builtins(moment)
    data.pop("number", None)
    if isinstance(moment, Gone):
        head += "event: gone\n"  # the status was sent long ago
        data["status"] = "failed"
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {text}\n\n".encode()
