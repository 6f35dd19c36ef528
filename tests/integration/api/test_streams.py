"""Event streams whose clients leave without a word, and the seats of an owner."""

import http.client
import json
import re
import socket
import struct
import time
from pathlib import Path

import pytest
from support.counting import Counting
from support.processes import eventually
from support.world import wav
from waveflow_local.console.api_process import ApiProcess
from waveflow_local.console.dev_tokens import development_token
from waveflow_local.console.place import Place

CLIENTS = 1000
GROWTH_MB = 8  # of a process with 150 MB; 1.5 MB were seen
RESETS = struct.pack("ii", 1, 0)  # linger for 0 s: close() sends a reset


@pytest.fixture
def job(api, world):
    """Return a job that waits for its verdict as long as the test lasts."""
    world.behave("ask-me", "*", event="hash-check", times=1)
    waiting = api.upload(wav(seed=time.time_ns() % 10**9), verdict="platform")["job_id"]
    world.standin.archive.wait_for(waiting, "hash-check")
    yield waiting
    world.standin.answer(waiting, {"verdict": "hold"})


@pytest.fixture
def start(world, monkeypatch):
    """Return a starter of an API process that allows an owner some streams."""
    started = []

    def begin(streams):
        monkeypatch.setenv("API_STREAMS_PER_OWNER", str(streams))
        process = ApiProcess(Place(endpoint=world.pipeline.endpoint, port=0))
        started.append(process)
        return process.pid, process.url()

    yield begin
    for process in started:
        process.__exit__(None, None, None)


def connect(url, job, owner="local-developer", route="analysis-progress/"):
    """Open a stream of a job, and return the socket."""
    host, port = url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=60)
    client.sendall(
        f"GET /tokens/{route}{job} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {development_token(owner)}\r\n\r\n".encode()
    )
    return client


def status(client):
    """Return the status that a stream was answered with."""
    return int(client.recv(4096).split(b" ", 2)[1])


def leave(clients):
    """Close sockets without a word: every second by a reset."""
    for number, client in enumerate(clients):
        if number % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        client.close()


def held(pid):
    """Return a process's open files, threads and resident megabytes, on Linux."""
    told = Path(f"/proc/{pid}/status").read_text("utf-8")
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    threads = int(re.search(r"Threads:\s+(\d+)", told)[1])
    return files, threads, int(re.search(r"VmRSS:\s+(\d+) kB", told)[1]) / 1024


def test_an_owner_has_eight_streams_and_gets_them_back(start, job):
    """An owner's tabs must not take every stream; a closed tab gives a seat back."""
    _, url = start(8)
    open_now = [connect(url, job) for _ in range(8)]
    assert {status(client) for client in open_now} == {200}

    refused = ask(url, job)
    other = connect(url, job, owner="somebody-else")
    theirs = status(other)
    leave([*open_now, other])
    eventually(lambda: ask(url, job)[0] == 200)

    assert refused[0] == 429
    assert refused[1]["code"] == "RATE_LIMITED"
    assert "Too many open streams" in refused[1]["detail"]
    assert int(refused[2]) > 0
    assert theirs == 404  # another owner is not refused for the first one's streams


def test_a_job_is_described_once_for_streams_that_follow_each_other(start, job, world):
    """A page opens a stream for each new file, and twenty questions hold a state up."""
    _, url = start(8)
    reads = world.pipeline.reads
    several = "analysis-progress?job_id="
    counts = []

    open_now = []
    for owner in ("local-developer", "local-developer", "somebody-else"):
        reads.throttle = Counting()
        open_now.append(connect(url, job, owner=owner, route=several))
        counts.append((status(open_now[-1]), reads.throttle.calls["DescribeExecution"]))
    leave(open_now)
    reads.throttle = None

    assert counts == [(200, 1), (200, 0), (404, 1)]


def ask(url, job):
    """Return the status, problem and Retry-After of one more stream; leave it."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", f"/tokens/analysis-progress/{job}")
    answer = connection.getresponse()
    problem = json.loads(answer.read()) if answer.status != 200 else None
    connection.close()
    return answer.status, problem, answer.headers.get("retry-after")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux alone has /proc.")
def test_a_thousand_clients_that_leave_leave_nothing(start, job):
    """A process that keeps the files of clients who left runs out of files."""
    pid, url = start(CLIENTS)
    quiet = held(pid)

    _, first = visit(url, pid, job=job)  # fills pools and caches
    most, second = visit(url, pid, job=job)

    assert most[0] >= CLIENTS  # the streams were open at the same time
    assert second[0] <= first[0]
    assert second[0] <= quiet[0] + 40  # connections that boto3 keeps to the engine
    assert second[1] <= first[1]
    assert second[2] - first[2] <= GROWTH_MB


def visit(url, pid, *, job):
    """Let clients come and leave; return what the process held before and after."""
    clients = [connect(url, job) for _ in range(CLIENTS)]
    assert {status(client) for client in clients} == {200}
    most = held(pid)
    leave(clients)
    eventually(lambda: held(pid)[0] < most[0] - CLIENTS + 1)
    time.sleep(1)  # cancelled tasks end in the loop's next turns
    after = held(pid)
    return most, after
