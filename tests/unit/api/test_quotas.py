"""Fifty users who follow two hundred jobs, under the quotas of one account."""

import asyncio
import random
import uuid

import pytest
from support.account_reads import AccountReads, NoObjects
from support.virtual_time import run_virtually
from waveflow.api.errors import RETRY_AFTER_S
from waveflow.api.events import RETRY_MS
from waveflow.api.jobs.feed import AWS_PACE, LIFE_S, LOCAL_PACE, Feeds
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.service import Jobs
from waveflow.api.schemas import Progress
from waveflow.errors import StorageUnavailableError

USERS, JOBS_EACH = 50, 4
TOLD_WITHIN_S = 60  # a pause of 48 s, and one new stream that begins with 6 s
SEAL = Seal(lambda: ("one" * 15,))


@pytest.fixture(autouse=True)
def _same_pauses():
    """Draw the same pauses in every run."""
    random.seed(17)


def follow_everything(ends, pace):
    """Let every user follow four jobs; return the account and when ends were told."""
    names = list(ends)

    async def scenario():
        clock = asyncio.get_running_loop().time
        account = AccountReads(ends, clock=clock)
        told = {}
        groups = [names[n : n + JOBS_EACH] for n in range(0, len(names), JOBS_EACH)]
        await asyncio.gather(*(user(account, each, pace, told) for each in groups))
        return account, told

    return run_virtually(scenario())


async def user(account, jobs, pace, told):
    """Follow some jobs until all have ended, with a process for each stream."""
    clock = asyncio.get_running_loop().time
    while not told.keys() >= set(jobs):
        service = Jobs(
            account, objects=NoObjects(), uploads=None, seal=SEAL, max_file_bytes=1
        )
        try:
            running = {job: service.is_running(job, owner="anna") for job in jobs}
        except StorageUnavailableError:
            await asyncio.sleep(RETRY_AFTER_S)
            continue
        began = clock()
        async for moment in Feeds(service.look, pace=pace).follow_all(running):
            if isinstance(moment, Progress) and moment.final:
                told.setdefault(moment.job_id, clock())
        assert clock() - began <= LIFE_S
        await asyncio.sleep(RETRY_MS / 1000)


def drawn_ends(shortest, longest):
    """Return 200 job ids with the seconds at which the jobs end."""
    ids = [str(uuid.UUID(int=n + 1)) for n in range(USERS * JOBS_EACH)]
    return {each: random.uniform(shortest, longest) for each in ids}  # noqa: S311


def test_fifty_users_follow_two_hundred_jobs_within_the_quotas():
    """All jobs of an evening begin at once; nobody may be throttled or forgotten."""
    ends = drawn_ends(10, 400)

    account, told = follow_everything(ends, AWS_PACE)

    assert account.refused == {}
    late = [told[job] - ends[job] for job in ends]
    assert min(late) >= 0
    assert max(late) <= TOLD_WITHIN_S


def test_the_pace_of_a_developers_machine_would_be_throttled():
    """The test above must be able to fail: this pace asks twenty times as often."""
    ends = drawn_ends(10, 60)

    account, _ = follow_everything(ends, LOCAL_PACE)

    assert account.refused["GetExecutionHistory"] > USERS * JOBS_EACH


def test_jobs_that_all_end_at_once_are_told_though_calls_are_throttled():
    """A burst above the quotas may be late, and must lose nobody's end."""
    ends = dict.fromkeys(drawn_ends(1, 1), 5.0)

    account, told = follow_everything(ends, AWS_PACE)

    assert account.calls["DescribeExecution"] > USERS * JOBS_EACH
    assert set(told) == set(ends)
    assert max(told.values()) <= 5 + TOLD_WITHIN_S
