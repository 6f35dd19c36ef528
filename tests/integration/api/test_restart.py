"""The API as a process that is cut, killed and started again."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests
from support.http_api import Api, parse
from support.processes import eventually
from support.world import wav
from waveflow_local.console.api_process import ApiProcess
from waveflow_local.console.place import Place
from waveflow_local.paths import Project

DOCS = Project().root / "docs" / "api.md"


class Client(requests.Session):
    """HTTP client of one base URL."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False

    def request(self, method, path, **options):
        """Ask below the base URL."""
        return super().request(method, self.url + path, **{"timeout": 30, **options})


@pytest.fixture
def start(world):
    """Return a starter of API processes on the running engine."""
    started = []

    def begin():
        process = ApiProcess(Place(endpoint=world.pipeline.endpoint, port=0))
        started.append(process)
        return process, process.url()

    yield begin
    for process in started:
        process.__exit__(None, None, None)


def test_a_killed_server_loses_no_job_and_no_event(start, world):
    """Another process must go on with every job of a process that was killed."""
    world.behave("ask-me", "*", event="hash-check", times=3)
    process, url = start()
    with Client(url) as client:
        api = Api(client)
        jobs = [
            api.upload(wav(seed=seed), verdict="platform")["job_id"]
            for seed in (440, 441, 442)
        ]
        for job in jobs:
            world.standin.archive.wait_for(job, "hash-check")
        seen = first_events(url, jobs[0], count=3)

    os.kill(process.pid, signal.SIGKILL)
    _, url = start()
    for job in jobs:
        world.standin.answer(job, {"verdict": "new"})

    with Client(url) as client:
        api = Api(client)
        ends = [api.wait(job)["outcome"] for job in jobs]
        rest = api.events(jobs[0], after=seen[-1]["id"])
        assert ends == ["SUCCESS"] * 3
        assert seen + rest == api.events(jobs[0])


def test_a_client_that_hangs_up_leaves_nothing_half_stored(start, world):
    """Parts of an upload whose client has gone would be stored and paid for."""
    _, url = start()
    before = world.keys("audio/")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(half_an_upload(12 << 20, sent=11 << 20))
        eventually(lambda: uploads(world))

    eventually(lambda: not uploads(world))
    assert world.keys("audio/") == before
    with Client(url) as client:
        assert client.get("/docs").status_code == 200


def test_a_port_that_is_taken_is_said_in_one_sentence(world):
    """A reader of the log needs the reason, not a crash of the interpreter."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Place(endpoint=world.pipeline.endpoint, port=taken.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "waveflow_local.console", place.text],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # The process's stdin stays open, as its parent's end does while that lives.
        said = process.stderr.read()
        status = process.wait(20)
        process.stdin.close()
        process.stderr.close()

    assert status == 1
    [line] = said.splitlines()
    assert line.startswith(f"waveflow: Port {place.port} of 127.0.0.1 is in use")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_curl_lines_run_as_they_are(start, tmp_path):
    """A reader of docs/api.md copies the four lines of the seed."""
    _, url = start()
    block = DOCS.read_text().split("```bash\n")[1].split("```")[0]
    lines = block.replace("\\\n", " ").splitlines()
    (tmp_path / "test_audio.wav").write_bytes(wav(seed=450))
    job, answers = "", []

    for line in lines:
        command = line.replace("http://localhost:8000", url).replace("{job_id}", job)
        said = subprocess.run(
            ["bash", "-c", f"{command} --silent --fail --noproxy '*'"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
        job = json.loads(said)["job_id"] if "upload-audio" in line else job
        answers.append(said)

    page, _, result, stream = answers
    assert page.startswith("<!doctype html>")
    assert json.loads(result)["job_id"] == job
    assert parse(stream)[-1]["progress"] == 100


def first_events(url, job, *, count):
    """Return the first events of a stream, and cut it."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("GET", f"/tokens/analysis-progress/{job}")
    answer = connection.getresponse()
    text, deadline = "", time.monotonic() + 20
    while len(parse(text)) < count and time.monotonic() < deadline:
        text += answer.read1(4096).decode()
    connection.close()
    return parse(text)[:count]


def half_an_upload(size, *, sent):
    """Return a request that promises more bytes than it brings."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    head = (
        "POST /tokens/t/upload-audio HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {size}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    return head.encode() + form + bytes(sent)


def uploads(world):
    """Return the multipart uploads that are open."""
    listed = world.s3.list_multipart_uploads(Bucket=world.bucket)
    return listed.get("Uploads", [])
