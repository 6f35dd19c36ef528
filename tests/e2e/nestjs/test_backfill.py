"""Manifest of the NestJS example's rows, and the back-fill that draws them."""

import json
import os
import subprocess

from support.platform import WAVEFLOW
from support.processes import eventually
from support.world import wav


def manifest_of(platform, app):
    """Return the lines that `npm run manifest` prints for the running server."""
    own = {
        "DATABASE_FILE": str(platform.database),
        "WEBHOOK_SECRET": platform.env["WEBHOOK_SECRET"],
        "PATH": os.environ["PATH"],
    }
    script = json.loads((app / "package.json").read_text())["scripts"]["manifest"]
    printed = subprocess.run(
        script.split(),
        cwd=app,
        env={**platform.env, **own},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    return {line["stemId"]: line for line in map(json.loads, printed.splitlines())}


def backfill(platform, lines):
    """Back-fill lines of a manifest, and return what the command prints."""
    path = platform.folder / "stems.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    ran = subprocess.run(
        [WAVEFLOW, "ops", "backfill", path, "--stack", "local"],
        env={**os.environ, "AWS_ENDPOINT_URL": platform.env["AWS_ENDPOINT_URL"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_servers_own_manifest_brings_a_waveform_back(platform, nestjs_app):
    """A platform's first back-fill needs no script of its own, and mails nobody."""
    stem = platform.process(wav(seed=4711), track="filled")
    key, before = stem["waveformDataPath"], platform.row(stem["stemId"])
    document = platform.read(key)
    platform.s3.delete_object(Bucket=platform.bucket, Key=key)

    line = manifest_of(platform, nestjs_app)[stem["stemId"]]
    report = backfill(platform, [line])

    told = eventually(
        lambda: [
            passed.payload
            for passed in platform.recorder.seen("completion", stemId=stem["stemId"])
            if "backfill" in passed.payload
        ]
    )
    assert report.split()[:2] == ["drawn", "1"]
    assert platform.read(key) == document
    assert [payload["backfill"] for payload in told] == [True]
    assert platform.row(stem["stemId"]) == before
