"""Upload many files at once to the API, and measure its process's memory.

Run by `make soak-api`. Prints one JSON object.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import requests
from waveflow_local.console.api_process import ApiProcess
from waveflow_local.console.place import Place

UPLOADS = int(os.environ.get("WAVEFLOW_UPLOADS", "200"))
AT_ONCE = 20
FILE_BYTES = 5_000_000
DRIFT_LIMIT_MB = 20  # megabytes, between the first hundred uploads and the second
ENDS_WITHIN_S = 600
_HEADER = bytes.fromhex(
    "52494646ffffff7f57415645666d742010000000010001004"
    "4ac000088580100020010006461746100000000"
)


def main() -> int:
    """Upload files, wait for every job, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        engine, endpoint = start_engine(Path(folder))
        try:
            os.environ["API_RATE_PER_SECOND"] = "0"
            with ApiProcess(Place(endpoint=endpoint, port=0)) as api:
                figures = soak(api)
        finally:
            engine.terminate()
            engine.wait(20)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0 if figures["completed"] == UPLOADS and figures["flat"] else 1


def start_engine(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the pipeline without an API; return the process and its endpoint."""
    command = [str(Path(sys.executable).with_name("waveflow")), "up", "--no-api"]
    engine = subprocess.Popen(
        [*command, "--port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    endpoint = ""
    for line in engine.stdout:
        if line.startswith("AWS_ENDPOINT_URL="):
            endpoint = line.strip().split("=", 1)[1]
        if line.startswith("ready"):
            break
    threading.Thread(target=engine.stdout.read, daemon=True).start()
    return engine, endpoint


def soak(api: ApiProcess) -> dict[str, object]:
    """Upload at a fixed concurrency, and sample the memory of the API's process."""
    url = api.url()
    upload(url, -1)  # the first request loads boto3's clients
    samples, stopped = [memory_mb(api.pid)], threading.Event()

    def sample() -> None:
        while not stopped.wait(0.1):
            samples.append(memory_mb(api.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda number: upload(url, number), range(UPLOADS)))
    uploaded_s = time.monotonic() - started
    stopped.set()
    sampler.join()
    completed = sum(wait(url, job) == "completed" for job, _ in answers)
    seconds = sorted(took for _, took in answers)
    first, second = samples[: len(samples) // 2], samples[len(samples) // 2 :]
    return {
        "uploads": UPLOADS,
        "at_once": AT_ONCE,
        "file_bytes": FILE_BYTES,
        "completed": completed,
        "upload_s": round(uploaded_s, 1),
        "all_ended_s": round(time.monotonic() - started, 1),
        "mb_per_s": round(UPLOADS * FILE_BYTES / 1e6 / uploaded_s, 1),
        "upload_median_s": round(seconds[len(seconds) // 2], 2),
        "upload_slowest_s": round(seconds[-1], 2),
        "memory_before_mb": samples[0],
        "memory_highest_mb": max(samples),
        "memory_after_mb": memory_mb(api.pid),
        "memory_drift_mb": max(second) - max(first),
        "flat": max(second) - max(first) <= DRIFT_LIMIT_MB,
    }


def upload(url: str, number: int) -> tuple[str, float]:
    """Upload a file with new bytes; return the job and the seconds."""
    noise = np.random.default_rng(number + 1).integers(
        -9000, 9000, (FILE_BYTES - len(_HEADER)) // 2, dtype=np.int16
    )
    body = _HEADER + noise.tobytes()
    started = time.monotonic()
    answer = requests.post(
        f"{url}/tokens/soak/upload-audio",
        files={"file": (f"{number}.wav", body)},
        timeout=300,
    )
    answer.raise_for_status()
    return answer.json()["job_id"], time.monotonic() - started


def wait(url: str, job_id: str) -> str:
    """Return the status in which a job ended, or "running" after ten minutes."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        told = requests.get(f"{url}/tokens/analysis-result/{job_id}", timeout=60).json()
        if told["status"] != "processing":
            return str(told["status"])
        time.sleep(0.2)
    return "running"


def memory_mb(pid: int) -> int:
    """Return a process's resident memory in megabytes, on Linux."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) >> 10 if found else 0


if __name__ == "__main__":
    sys.exit(main())
