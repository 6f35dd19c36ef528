"""Warm processes: no growing memory, no open files, no files left behind."""

import gc
import os
import resource
import tempfile
from pathlib import Path

import pytest
from support.invocations import KEY, events, load, prepare
from support.processes import eventually

INVOCATIONS = int(os.environ.get("WAVEFLOW_WARM", "30"))  # 1,000 in `make soak`
WARM_UP = 10
GROWTH_MB = 20
NOBODY = 65_534
FITS_BYTES = 100_000  # more than the log of a test, less than an upload
STAGES = [
    *("hash", "dedupe_delete", "music", "waveform", "mix", "ask", "tell"),
    *("waveform with all", "mix with all", "compare"),
]


def resident_mb():
    """Return the resident memory in megabytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def descriptors():
    """Return the number of open files and sockets."""
    return len(list(Path("/proc/self/fd").iterdir()))


def leftovers():
    """Return WaveFlow's files in the temp folder."""
    return sorted(Path(tempfile.gettempdir()).glob("waveflow-*"))


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", STAGES)
def test_a_warm_stage_keeps_its_size(aws, monkeypatch, tmp_path, case):
    """A warm function that leaks is killed after some hundred users' jobs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    for _ in range(WARM_UP):
        handler(event)
    before, open_before = resident_mb(), descriptors()

    for _ in range(INVOCATIONS):
        handler(event)

    assert resident_mb() - before <= GROWTH_MB
    # The tests' server closes its ends of the connections in its own time.
    eventually(lambda: descriptors() <= open_before + 2)
    assert leftovers() == []


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", ["waveform", "music", "mix", "compare"])
def test_a_full_disk_is_a_resource_limit(aws, monkeypatch, tmp_path, case):
    """A full disk must end as RESOURCE_LIMIT, which the machine retries elsewhere."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    large = aws.bucket.put(KEY, bytes(2 * FITS_BYTES), checksummed=False)
    if "source" in event:
        event["source"] |= {"etag": large.etag, "size": 2 * FITS_BYTES}

    kind = in_a_child(handler, event, confined=files_stay_small)

    assert kind == "ResourceLimitError"
    assert leftovers() == []


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", ["waveform", "music", "mix", "compare"])
def test_a_temp_folder_that_is_read_only_is_a_resource_limit(
    aws, monkeypatch, tmp_path, case
):
    """A temp folder without write permission must end as RESOURCE_LIMIT too."""
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    folder = tmp_path / "read-only"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    folder.chmod(0o555)

    kind = in_a_child(handler, event, confined=be_no_superuser)

    folder.chmod(0o755)
    assert kind == "ResourceLimitError"
    assert leftovers() == []


def files_stay_small():
    """Limit the size of files, as on a full disk."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FITS_BYTES, most))


def be_no_superuser():
    """Change to a user who cannot write everywhere."""
    if os.getuid() == 0:
        os.setresuid(NOBODY, NOBODY, NOBODY)


def in_a_child(handler, event, *, confined):
    """Invoke a handler in a forked child under a limit; return its error's name."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        confined()
        try:
            handler(event)
            kind = "none"
        except BaseException as exc:  # noqa: BLE001 - a forked child must never return
            kind = type(exc).__name__
        os.write(writing, kind.encode())
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # coverage's data
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()
