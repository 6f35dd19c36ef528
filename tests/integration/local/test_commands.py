"""Run the commands as a user does, each in a process of its own."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from rich.console import Console
from support.processes import HANGS_S, eventually
from waveflow_local.cli.app import app
from waveflow_local.demo.ffmpeg import measured_line
from waveflow_local.demo.run import play, run
from waveflow_local.demo.scenario import Expected, Scenario, own_files
from waveflow_local.demo.stems import write_stems

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="files")
def _files(tmp_path) -> list[Path]:
    """Write two short files, one of them with a name that needs care."""
    paths = [tmp_path / "a.wav", tmp_path / '드럼 "1".flac']
    for number, path in enumerate(paths, start=1):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 8000)
        soundfile.write(path, noise, 8000)
    return paths


def test_run_does_the_main_job_on_own_files(files, tmp_path):
    """A user's own files must pass as uploads and as mixes."""
    out = tmp_path / "out"

    ended = subprocess.run(
        [*WAVEFLOW, "run", *files, "--out", out],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )

    out /= "run-1"
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 executions ended as they should" in ended.stdout
    assert len(list((out / "waveforms").glob("*.json"))) == 4
    assert len(list((out / "waveforms").glob("*.png"))) == 4
    assert soundfile.info(out / "mixes" / "mix.wav").frames == 8000
    statuses = [
        json.loads(path.read_text())["body"]["status"]
        for path in sorted((out / "webhooks").iterdir())
    ]
    assert "DUPLICATE" not in statuses
    log = (out / "functions.log").read_text()
    assert '"job_id"' in log
    tokens = [
        json.loads(path.read_text())["body"].get("task_token")
        for path in (out / "webhooks").iterdir()
    ]
    assert not [token for token in tokens if token and token in log]


def test_run_leaves_the_mixes_that_the_command_makes(files, tmp_path):
    """A musician tries faders with the command, and gets the pipeline's own bytes."""
    out = tmp_path / "out"
    first, second = files

    run(files, out, console=Console(file=io.StringIO(), width=140))
    for name, words in {
        "mix": [first, second, "--classic"],
        "stereo-mix": [f"{first}@-3dB", f"{second}@pan=0.2,-1dB", "--loudness", "-14"],
    }.items():
        made = tmp_path / f"{name}.wav"
        line = [*WAVEFLOW, "mix", *words, "-o", made]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)

        assert (out / "run-1" / "mixes" / made.name).read_bytes() == made.read_bytes()


def test_run_leaves_zoom_levels_and_previews_as_the_commands_write_them(
    files, tmp_path
):
    """A developer may build a page on what `make run` leaves, as on S3's files."""
    out, made = tmp_path / "out", tmp_path / "made"
    made.mkdir()
    said = io.StringIO()

    code = run(files[:1], out, console=Console(file=said, width=140))
    for line in (
        ["peaks", files[0], "--zoom", "256,1024", "-o", made / "a.json"],
        ["preview", files[0], "-o", made / "a.opus"],
    ):
        subprocess.run([*WAVEFLOW, *line], check=True, stdout=subprocess.DEVNULL)

    out /= "run-1"
    assert code == 0, said.getvalue()
    for name in ("256.dat", "1024.dat"):
        level = out / "waveforms" / "a_zoom" / name
        assert level.read_bytes() == (made / "a_zoom" / name).read_bytes()
        assert (out / "waveforms" / "mix_zoom" / name).stat().st_size > 20
    preview = (out / "previews" / "a.opus").read_bytes()
    assert preview == (made / "a.opus").read_bytes()
    assert (out / "previews" / "mix.opus").read_bytes().startswith(b"OggS")
    table = said.getvalue()
    assert "waveforms/a_zoom/{256,1024}.dat" in table
    assert "previews/a.opus" in table
    assert "previews/mix.opus" in table


def test_run_needs_no_files_to_show_every_end(tmp_path):
    """The first command of a newcomer plays its own stems, the same every time."""
    said = io.StringIO()

    code = run([], tmp_path / "out", console=Console(file=said, width=220))

    again = {path.name: path.read_bytes() for path in write_stems(tmp_path / "again")}
    played = tmp_path / "out" / "stems"
    assert code == 0, said.getvalue()
    assert "12 of 12 executions ended as they should" in said.getvalue()
    assert {path.name: path.read_bytes() for path in played.iterdir()} == again
    assert re.search(r"(?m)^ stereo mix of 4 +-14\.0 +-\d\.\d ", said.getvalue())
    # The voice is 12 dB down from 3 to 5 s in the second version.
    document = json.loads((tmp_path / "out/comparisons/mix.json").read_bytes())
    for name, report in zip(("the mix", "voice.wav"), document["pairs"], strict=True):
        [region] = report["regions"]
        assert 2.7 <= region["start"] < region["end"] <= 5.3
        assert (
            f"{name}: changed: differs at 0:0{region['start']:.1f}" in said.getvalue()
        )


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="FFmpeg is not installed")
def test_run_prints_what_ffmpeg_measures_of_the_stereo_mix(files, tmp_path):
    """A musician trusts the loudness that another program finds in the file."""
    said = io.StringIO()

    run(files, tmp_path / "out", console=Console(file=said, width=140))

    line = re.search(r"FFmpeg measures (.*) LUFS and (.*) dBTP in", said.getvalue())
    assert float(line[1]) == pytest.approx(-14, abs=0.1)
    assert float(line[2]) <= -0.9


def test_run_without_ffmpeg_says_nothing_of_ffmpeg(tmp_path, monkeypatch):
    """A newcomer without FFmpeg must not read of a failure."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert measured_line(tmp_path / "mix.wav") is None


def test_a_file_that_ffmpeg_refuses_has_no_line(tmp_path):
    """A mix that failed must not end `make run` by a traceback."""
    assert measured_line(tmp_path / "gone.wav") is None


def test_run_fails_when_an_execution_ends_otherwise(files, tmp_path):
    """A script must learn from the exit code that an execution did not end well."""
    scenario = own_files([(files[0], "a.wav")])
    wrong = replace(scenario.cases[0], expected=Expected(verdict="duplicate"))
    (tmp_path / "out").mkdir()
    said = io.StringIO()

    code = play(
        lambda: Scenario([wrong]),
        tmp_path / "out",
        console=Console(file=said, width=140),
    )

    assert code == 1
    assert "verdict new, not duplicate" in said.getvalue()


@pytest.fixture(name="running")
def _running(tmp_path):
    """Keep `waveflow up` running on ports that are free."""
    settings = tmp_path / "env"
    process = subprocess.Popen(
        [
            *WAVEFLOW,
            *("up", "--port", "0", "--data", tmp_path / "up"),
            *("--env-file", settings),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(settings.exists)
    yield process, settings
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_up_serves_another_process_and_ends_cleanly(running, files):
    """A back-end developer starts `up`, works against `up`, and presses Ctrl-C."""
    import boto3

    process, settings = running
    lines = settings.read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines)
    access = {
        "endpoint_url": env["AWS_ENDPOINT_URL"],
        "region_name": env["AWS_REGION"],
        "aws_access_key_id": env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"],
    }
    message = {
        "userId": "u",
        "trackId": "t",
        "stemId": "s",
        "filepath": "audio/a.wav",
        "timestamp": "2026-11-21T00:00:00Z",
        "original_filename": "a.wav",
    }
    s3 = boto3.client("s3", **access)
    s3.upload_file(str(files[0]), env["S3_BUCKET_NAME"], "audio/a.wav")
    boto3.client("sqs", **access).send_message(
        QueueUrl=env["SQS_QUEUE_URL"], MessageBody=json.dumps(message)
    )

    def success() -> str:
        asked = subprocess.run(
            [*WAVEFLOW, "status", "s", "--endpoint", env["AWS_ENDPOINT_URL"]],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout if "SUCCEEDED" in asked.stdout else ""

    said = eventually(success)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANGS_S)

    assert "told the server SUCCESS" in said
    assert (process.returncode, err) == (130, "\nstopped\n")
    assert out.startswith("AWS_ENDPOINT_URL=http://127.0.0.1:")


def test_ctrl_c_during_the_start_ends_up_without_a_traceback(tmp_path):
    """A terminal's Ctrl-C reaches the API's process too, which then fell in imports."""
    ports = ["--port", "0", "--api-port", "0"]
    process = subprocess.Popen(
        [*WAVEFLOW, "up", *ports, "--data", str(tmp_path / "up")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process.stdout.readline()  # the engine runs, and the API's process begins

    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=HANGS_S)

    assert (process.returncode, err) == (130, "\nstopped\n")


@pytest.mark.parametrize("option", ["--stale-reads", "--retry-scale"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1"])
def test_a_time_that_is_no_number_is_refused(option, value):
    """An engine whose waits are NaN ran on, and nobody saw why nothing waited."""
    ended = CliRunner().invoke(app, ["up", option, value])

    assert ended.exit_code == 2
    assert "Invalid value" in ended.output
