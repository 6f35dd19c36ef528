"""A warm process serves on and on: nothing grows, nothing is left behind."""

import gc
import json
import os
import resource
import tempfile
from pathlib import Path

import pytest
from support.invocations import KEY, events, load, prepare

INVOCATIONS = int(os.environ.get("WAVEFLOW_WARM", "60"))  # 1,000 in `make soak`
GROWTH_MB = 20
FITS_BYTES = 100_000  # more than the log of a test, less than an upload
STAGES = ["hash", "dedupe_delete", "waveform", "mix", "ask", "tell"]


def resident_mb():
    """Return the memory that is in use now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def descriptors():
    """Return how many files and sockets are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def leftovers():
    """Return our files in the temp folder."""
    return sorted(Path(tempfile.gettempdir()).glob("waveflow-*"))


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", STAGES)
def test_a_warm_stage_keeps_its_size(aws, monkeypatch, tmp_path, case):
    """Memory, descriptors and the temp folder are as they were."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    for _ in range(20):
        handler(event)
    before, open_before = resident_mb(), descriptors()

    for _ in range(INVOCATIONS):
        handler(event)

    assert resident_mb() - before <= GROWTH_MB
    assert descriptors() <= open_before + 2
    assert leftovers() == []


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", ["waveform", "mix"])
def test_a_full_disk_is_a_resource_limit(aws, monkeypatch, tmp_path, case):
    """The upload does not fit: the error is typed, and no file stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    large = aws.bucket.put(KEY, bytes(2 * FITS_BYTES), checksummed=False)
    if "source" in event:
        event["source"]["etag"] = large.etag

    said = in_a_limited_child(handler, event)

    assert said["kind"] == "ResourceLimitError"
    assert leftovers() == []


def in_a_limited_child(handler, event):
    """Invoke in a forked child whose files may not grow."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FITS_BYTES, FITS_BYTES))
        try:
            handler(event)
            kind = "none"
        except BaseException as exc:  # noqa: BLE001 - a forked child must never return
            kind = type(exc).__name__
        os.write(writing, json.dumps({"kind": kind}).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return json.load(pipe)
