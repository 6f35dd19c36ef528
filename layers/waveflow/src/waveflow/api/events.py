"""Send the progress of jobs as server-sent events (SSE)."""

from collections.abc import AsyncIterator

from fastapi.sse import EventSourceResponse, format_sse_event

from waveflow.api.schemas import Gone, Progress

RETRY_MS = 1000
BEGINNING = format_sse_event(retry=RETRY_MS)
HEARTBEAT = format_sse_event(comment="still here")
MAX_NUMBER_DIGITS = 9
Moments = AsyncIterator[Progress | Gone | None]


def job_stream(moments: Moments) -> EventSourceResponse:
    """Return the SSE response of one job; event ids are the progress numbers."""
    return _response(_number_moments(moments))


def several_jobs_stream(moments: Moments) -> EventSourceResponse:
    """Return the SSE response of several jobs; event ids count the ended jobs."""
    return _response(_count_ends(moments))


def number_of(last_event_id: str | None) -> int:
    """Return the number in a Last-Event-ID header; 0 for text without a number."""
    text = (last_event_id or "").strip()
    valid = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_DIGITS
    return int(text) if valid else 0


def _response(body: AsyncIterator[bytes]) -> EventSourceResponse:
    """Return an SSE response that no proxy buffers or caches."""
    return EventSourceResponse(
        body, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _number_moments(moments: Moments) -> AsyncIterator[bytes]:
    yield BEGINNING
    async for moment in moments:
        yield _event(moment, moment.number if isinstance(moment, Progress) else None)


async def _count_ends(moments: Moments) -> AsyncIterator[bytes]:
    yield BEGINNING
    ended = 0
    async for moment in moments:
        ended += moment is not None and moment.final
        yield _event(moment, ended)


def _event(moment: Progress | Gone | None, number: int | None) -> bytes:
    """Return the bytes of one server-sent event; None becomes a heartbeat comment."""
    if moment is None:
        return HEARTBEAT
    event_id = None if number is None else str(number)
    if isinstance(moment, Gone):  # status 200 was sent already
        data = moment.model_dump_json()
        return format_sse_event(data_str=data, event="gone", id=event_id)
    data = moment.model_dump_json(exclude={"number"}, exclude_defaults=True)
    return format_sse_event(data_str=data, id=event_id)
