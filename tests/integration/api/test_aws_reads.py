"""The API on reads of Step Functions that are late, throttled and counted."""

import asyncio

import pytest
from support.counting import Counting
from support.http_api import code, parse
from support.processes import eventually
from support.world import wav
from waveflow_local.engine.quotas import SEOUL, Quota, Throttle

ROUTES = ("analysis-result", "analysis-progress", "analysis-waveform", "analysis-audio")
HOUR_S = 3600


@pytest.fixture
def reads(world):
    """Return the faults of the engine's reads, none before and after each test."""
    yield world.pipeline.reads
    world.pipeline.reads.stale_s = 0
    world.pipeline.reads.throttle = None


@pytest.mark.parametrize("route", ROUTES)
def test_a_job_of_a_moment_ago_is_never_called_forgotten(api, configured, reads, route):
    """A page would drop a job as older than 90 days right after the upload."""
    job = api.upload(wav(seed=600 + ROUTES.index(route)))["job_id"]
    reads.stale_s = HOUR_S

    here = api.client.get(f"/tokens/{route}/{job}")
    elsewhere = configured().get(f"/tokens/{route}/{job}")

    for answer in (here, elsewhere):  # another process knows only what S3 knows
        assert code(answer) == (503, "JOB_NOT_VISIBLE")
        assert int(answer.headers["retry-after"]) > 0


def test_a_late_end_is_told_late_and_whole(api, reads):
    """A client must get a running job or the end, never half an end."""
    job = api.upload(wav(seed=610))["job_id"]
    api.wait(job)
    reads.stale_s = 3

    told = eventually(lambda: shown(api, job))
    later = api.wait(job)

    assert told["status"] in {"processing", "completed"}
    assert (later["status"], later["progress"]) == ("completed", 100)


def shown(api, job):
    """Return a job once the API shows it."""
    answer = api.client.get(f"/tokens/analysis-result/{job}")
    return answer.json() if answer.status_code == 200 else None


def test_a_repeat_that_reads_too_early_is_asked_to_come_back(api, reads):
    """A repeat with its own Idempotency-Key must not hear that the key was reused."""
    first = upload(api, "again")
    api.wait(first.json()["job_id"])
    reads.stale_s = HOUR_S

    early = upload(api, "again")
    reads.stale_s = 0
    late = upload(api, "again")

    assert code(early) == (503, "JOB_NOT_VISIBLE")
    assert late.json()["job_id"] == first.json()["job_id"]


def upload(api, key):
    """Upload one file with an Idempotency-Key."""
    return api.client.post(
        "/tokens/token-1/upload-audio",
        files={"file": ("a.wav", wav(seed=621))},
        headers={"Idempotency-Key": key},
    )


def test_a_result_costs_one_call_of_step_functions(api, reads):
    """Seoul describes ten executions a second for the whole account."""
    done = api.upload(wav(seed=630), previews="opus", zoom_levels=256)["job_id"]
    failed = api.upload(b"no audio in these words")["job_id"]
    for job in (done, failed):
        api.wait(job)
    paths = [f"analysis-result/{job}" for job in (done, failed)]
    paths += [
        f"analysis-{kind}"
        for kind in (
            f"waveform/{done}",
            f"audio/{done}",
            f"zoom/{done}/256",
            f"preview/{done}/opus",
        )
    ]

    for path in paths:
        reads.throttle = Counting()
        answer = api.client.get(f"/tokens/{path}")
        assert answer.status_code in {200, 307}, path
        assert reads.throttle.calls == {"DescribeExecution": 1}, path


def test_a_throttled_read_says_when_to_come_back(api, reads):
    """A client that gets 500 would give the job up."""
    job = api.upload(wav(seed=640))["job_id"]
    done = api.wait(job)
    reads.throttle = Throttle(dict.fromkeys(SEOUL, Quota(bucket=0, refill=0)))

    refused = api.client.get(f"/tokens/analysis-result/{job}")
    reads.throttle = None

    assert code(refused) == (503, "STORAGE_UNAVAILABLE")
    assert int(refused.headers["retry-after"]) > 0
    assert api.result(job) == done


def test_a_running_job_is_told_though_histories_are_throttled(api, world, reads):
    """Streams may use the histories up, and a result must still be told."""
    world.behave("ask-me", "*", event="hash-check", times=1)
    job = api.upload(wav(seed=650), verdict="platform")["job_id"]
    world.standin.archive.wait_for(job, "hash-check")
    reads.throttle = Throttle({"GetExecutionHistory": Quota(bucket=0, refill=0)})

    told = api.result(job)
    reads.throttle = None
    world.standin.answer(job, {"verdict": "new"})

    assert (told["status"], told["progress"]) == ("processing", 40)
    assert api.wait(job)["outcome"] == "SUCCESS"


def test_a_stream_outlives_throttled_and_stale_reads(api, world, reads, services):
    """A stream has said 200 long ago, and must end with the job's end."""
    world.behave("ask-me", "*", event="hash-check", times=1)
    job = api.upload(wav(seed=660), verdict="platform")["job_id"]
    world.standin.archive.wait_for(job, "hash-check")

    async def follow():
        seen = []
        async for moment in services.feeds.follow(job):
            seen += [moment] if moment else []
            if len(seen) == 1:
                reads.stale_s = 1
                reads.throttle = Throttle(dict.fromkeys(SEOUL, Quota(1, refill=1)))
                world.standin.answer(job, {"verdict": "new"})
        return seen

    seen = asyncio.run(follow())

    assert (seen[-1].status, seen[-1].progress) == ("completed", 100)
    numbers = [moment.number for moment in seen]
    assert numbers == sorted(set(numbers))
    reads.stale_s, reads.throttle = 0, None
    whole = parse(api.client.get(f"/tokens/analysis-progress/{job}").text)
    assert [int(event["id"]) for event in whole] == numbers
