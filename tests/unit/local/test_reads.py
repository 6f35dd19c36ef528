"""Reads of Step Functions on the local engine: late ones, and a bucket of tokens."""

import io
import json

from waveflow_local.engine.quotas import Quota, Throttle
from waveflow_local.engine.reads import OWN_AGENT, ReadFaults, Reads

START, END = 1_795_255_200.0, 1_795_255_230.0
DESCRIBED = {
    "executionArn": "a",
    "status": "FAILED",
    "startDate": START,
    "stopDate": END,
    "error": "CORRUPT_AUDIO",
    "cause": "No frame.",
}
HISTORY = {"events": [{"id": 1, "timestamp": START}, {"id": 2, "timestamp": END}]}


def ask(api, answer, faults, *, now=START, agent="boto3"):
    """Return what an engine with faults makes of an answer at a time."""
    told = []

    def moto(_environ, start_response):
        start_response("200 OK", [("Content-Length", "7")])
        return [json.dumps(answer).encode()]

    environ = {
        "HTTP_X_AMZ_TARGET": f"AWSStepFunctions.{api}",
        "HTTP_USER_AGENT": agent,
        "wsgi.input": io.BytesIO(),
    }
    reads = Reads(moto, faults, clock=lambda: now)
    body = b"".join(reads(environ, lambda *head: told.extend(head)))
    assert agent == OWN_AGENT or int(dict(told[1])["Content-Length"]) == len(body)
    return json.loads(body)


def test_an_execution_is_told_as_it_was_some_seconds_ago():
    """Clients are tried against every half of what a late read may tell."""
    late = ReadFaults(stale_s=10)

    told = [
        ask("DescribeExecution", DESCRIBED, late, now=now)
        for now in (START + 9, START + 11, END + 9, END + 11)
    ]

    assert told[0]["__type"] == "ExecutionDoesNotExist"
    running = {"executionArn": "a", "status": "RUNNING", "startDate": START}
    assert told[1:3] == [running, running]
    assert told[3] == DESCRIBED


def test_histories_and_lists_are_late_too():
    """A client must bear late histories and lists, as AWS may answer both late."""
    late, listed = ReadFaults(stale_s=10), {"executions": [DESCRIBED]}
    early, between = START + 9, END + 9

    unknown = ask("GetExecutionHistory", HISTORY, late, now=early)
    nothing = ask("ListExecutions", listed, late, now=early)
    begun = ask("GetExecutionHistory", HISTORY, late, now=between)
    [seen] = ask("ListExecutions", listed, late, now=between)["executions"]

    assert unknown["__type"] == "ExecutionDoesNotExist"
    assert nothing == {"executions": []}
    assert begun == {"events": HISTORY["events"][:1]}
    assert seen["status"] == "RUNNING"
    assert "stopDate" not in seen


def test_the_engines_own_log_reads_the_truth():
    """`waveflow up` prints each end, and must take no token of the quotas for that."""
    faults = ReadFaults(60, Throttle({"DescribeExecution": Quota(0, refill=0)}))

    own = ask("DescribeExecution", DESCRIBED, faults, agent=OWN_AGENT)
    refused = ask("DescribeExecution", DESCRIBED, faults)

    assert own == DESCRIBED
    assert refused["__type"] == "ThrottlingException"


def test_a_bucket_gives_its_tokens_and_then_its_refill():
    """A burst may use the bucket up; afterwards only the refill is left."""
    now = [0.0]
    quota = {"ListExecutions": Quota(bucket=3, refill=2)}
    throttle = Throttle(quota, clock=lambda: now[0])

    burst = [throttle.allows("ListExecutions") for _ in range(5)]
    now[0] += 1
    later = [throttle.allows("ListExecutions") for _ in range(3)]
    now[0] += 100
    rested = [throttle.allows("ListExecutions") for _ in range(5)]

    assert burst == rested == [True] * 3 + [False] * 2
    assert later == [True, True, False]
    assert throttle.allows("StartExecution")  # without a quota in the table
