"""Moments of jobs as server-sent events."""

import asyncio

from support.http_api import parse
from waveflow.api.events import job_stream, several_jobs_stream
from waveflow.api.schemas import Gone, Progress

BEGUN = Progress(number=7, job_id="a", status="processing", progress=40, message="")
GONE = Gone(job_id="b", code="JOB_EXPIRED", message="Forgotten.")


def text(stream, *moments):
    """Return the text that a stream of some moments sends."""

    async def given():
        for moment in moments:
            yield moment

    async def scenario():
        return b"".join([block async for block in stream(given()).body_iterator])

    return asyncio.run(scenario()).decode()


def test_a_job_that_is_gone_is_told_by_an_event_of_its_own():
    """The event has no id, so a client that comes back asks again, and gets the 410."""
    said = text(job_stream, BEGUN, None, GONE)

    assert said.startswith("retry: 1000\n\n")
    assert ": still here\n\n" in said
    assert "\n\nevent: gone\ndata: " in said
    assert [(e["id"], e["status"]) for e in parse(said)] == [
        ("7", "processing"),
        (None, "failed"),
    ]


def test_a_job_that_is_gone_has_ended_among_several():
    """A browser would otherwise ask for the stream for ever."""
    assert [e["id"] for e in parse(text(several_jobs_stream, BEGUN, GONE))] == [
        "0",
        "1",
    ]
