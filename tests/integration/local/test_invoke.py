"""Run `waveflow invoke`, as `make invoke` does, with stand-ins for Docker and SAM."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import HANGS_S
from waveflow_local.demo.stages import STAGES
from waveflow_local.demo.stems import write_stems
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.standin.server import StandIn

WAVEFLOW = Path(sys.executable).with_name("waveflow")
# The real functions answer, as SAM's containers would: by the engine's Lambda API.
SAM = """#!{python}
import json, signal, sys, urllib.request
words = sys.argv[1:]
given = json.load(open(words[words.index("--env-vars") + 1]))["Parameters"]
declared = open(words[words.index("-t") + 1]).read()
assert all(name in declared for name in given), given
if words[1] == "start-lambda":
    try:
        print("listening", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        sys.exit(print("containers removed"))
event = open(words[words.index("-e") + 1], "rb").read()
url = given["AWS_ENDPOINT_URL"].replace("host.docker.internal", "127.0.0.1")
url += "/2015-03-31/functions/" + words[2] + "/invocations"
print(urllib.request.urlopen(urllib.request.Request(url, data=event)).read().decode())
"""
BUILT = """Globals:
  Function:
    Environment:
      Variables:
        BUCKET_NAME: b
        WEBHOOK_URL: u
        WEBHOOK_SECRET_ARN: a
        POWERTOOLS_LOG_LEVEL: INFO
"""


@pytest.fixture(name="tools", scope="module")
def _tools(tmp_path_factory) -> Path:
    """Write a `docker` whose gateway is loopback, a `sam`, and a built template."""
    folder = tmp_path_factory.mktemp("tools")
    scripts = {
        "docker": "#!/bin/sh\necho 127.0.0.1\n",
        "sam": SAM.format(python=sys.executable),
    }
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "template.yaml").write_text(BUILT)
    return folder


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory):
    """Run engine and stand-in, as `waveflow up` does."""
    with (
        StandIn(data=tmp_path_factory.mktemp("up")) as standin,
        Pipeline(Settings(webhook_url=standin.url)) as pipeline,
    ):
        yield pipeline, standin


def invoke(*words, path: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command with the programs of one folder alone."""
    return subprocess.run(
        [WAVEFLOW, "invoke", *words, "--out", out],
        env={**os.environ, "PATH": str(path), "WAVEFLOW_SAM": "sam"},
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_takes_the_event_that_is_written(stage, tools, engine, tmp_path):
    """A developer who runs a stage by hand must not write pinned objects by hand."""
    pipeline, _ = engine
    song = write_stems(tmp_path / "stems")[0].rename(tmp_path / "드럼 1.wav")

    ended = invoke(
        *(stage, song, "--endpoint", pipeline.endpoint, "--built", tools),
        path=tools,
        out=tmp_path / "out",
    )

    assert ended.returncode == 0, ended.stderr
    command, answer = ended.stdout.splitlines()
    assert command.startswith("sam local invoke ")
    assert f"-e {tmp_path}/out/{stage}.json --env-vars" in command
    assert "errorType" not in json.loads(answer), answer


def test_a_file_that_hash_refuses_is_one_line(tools, engine, tmp_path):
    """A developer whose file no stage takes must read why, not a traceback."""
    empty = tmp_path / "empty.wav"
    empty.touch()

    ended = invoke(
        *("waveform", empty, "--endpoint", engine[0].endpoint, "--built", tools),
        *("--webhook-url", engine[1].url),
        path=tools,
        out=tmp_path / "out",
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(
        "waveflow: The stage hash pins no object of empty.wav"
    )
    assert ended.stderr.count("\n") == 1


def test_ctrl_c_lets_sam_remove_its_containers(tools, engine, tmp_path):
    """A developer who ends `sam local start-lambda` must not keep its containers."""
    process = subprocess.Popen(
        [
            *(WAVEFLOW, "invoke", "start-lambda"),
            *("--endpoint", engine[0].endpoint, "--built", tools),
            *("--out", tmp_path / "out"),
        ],
        env={**os.environ, "PATH": str(tools), "WAVEFLOW_SAM": "sam"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    command, listening = (process.stdout.readline() for _ in range(2))

    os.killpg(process.pid, signal.SIGINT)

    said, mistakes = process.communicate(timeout=HANGS_S)
    assert command.startswith("sam local start-lambda --env-vars ")
    assert listening == "listening\n"
    assert (process.returncode, said, mistakes) == (0, "containers removed\n", "")


def test_no_container_engine_is_one_line(tools, engine, tmp_path):
    """A developer without Docker must read what is missing, not a traceback."""
    empty = tmp_path / "bin"
    empty.mkdir()

    ended = invoke(
        *("waveform", "--endpoint", engine[0].endpoint, "--built", tools),
        path=empty,
        out=tmp_path / "out",
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "waveflow: No container engine answers; `make invoke` needs a running Docker.\n"
    )


def test_no_engine_is_one_line(tools, tmp_path):
    """A developer who forgot `make up` must read so."""
    ended = invoke(
        "waveform", "--endpoint", "http://127.0.0.1:9", path=tools, out=tmp_path / "out"
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "waveflow: No local engine answers at http://127.0.0.1:9: start `waveflow up`, "
        "or name its address by AWS_ENDPOINT_URL.\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["waveform"], "holds no built images; `make images` builds them.\n"),
        (["waveform", "sogn.wav"], "There is no file sogn.wav.\n"),
    ],
)
def test_what_is_missing_is_named_in_one_line(words, said, tools, engine, tmp_path):
    """A developer without images, or with a misspelt file, must know what to do."""
    built = tools if len(words) > 1 else tmp_path / "never-built"

    ended = invoke(
        *(*words, "--endpoint", engine[0].endpoint, "--built", built),
        path=tools,
        out=tmp_path / "out",
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith(said)
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bogus"], "'bogus' is not one of 'hash', "),
        ([], "Missing argument 'STAGE'"),
        (["hash", "--endpoint", "nonsense"], "'nonsense' is no address"),
        (["start-lambda", "x.wav"], "FILE has no effect beside start-lambda."),
    ],
)
def test_a_line_that_cannot_be_meant_is_one_line(words, said, tools, tmp_path):
    """A developer who forgot STAGE= must read what is missing, not a page of usage."""
    ended = invoke(*words, path=tools, out=tmp_path / "out")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
