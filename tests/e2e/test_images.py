"""The images that would be deployed, on a real container engine."""

import hashlib
import io
import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console
from support import images
from waveflow_local.demo import report
from waveflow_local.demo.outputs import Bucket
from waveflow_local.demo.report import Row
from waveflow_local.demo.run import Run
from waveflow_local.demo.scenario import demonstration
from waveflow_local.demo.stages import STAGES
from waveflow_local.demo.stems import write_stems
from waveflow_local.engine.forward import forwarded
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.engine.template import Template
from waveflow_local.standin.server import StandIn

pytestmark = pytest.mark.skipif(
    images.missing() is not None, reason=str(images.missing())
)

EVENTS = Path(__file__).parents[1] / "events"
FUNCTIONS = {
    "HashFunction": "hash",
    "DedupeDeleteFunction": "dedupe_delete",
    "WaveformFunction": "waveform",
    "MusicFunction": "music",
    "MixFunction": "mix",
    "CompareFunction": "compare",
    "NotifyFunction": "notify",
}
MEGABYTE = 1_000_000
CORE_MB, AUDIO_MB, MUSIC_MB = 55, 260, 650
RATE = 8_000
API = "ApiFunction"
# Services of each function, as attributes of the two modules' service classes.
CLIENTS = {
    **dict.fromkeys(FUNCTIONS, ("waveflow.bootstrap", "Services", "objects")),
    "NotifyFunction": ("waveflow.bootstrap", "Services", "webhook", "tokens"),
    API: ("waveflow.api.bootstrap", "ApiServices", "jobs", "secrets"),
}
MAKE_CLIENTS = """
import importlib, json, os, pathlib, sys
import app
module, services, *names = sys.argv[1:]
made = getattr(importlib.import_module(module), services)(dict(os.environ))
for name in names:
    getattr(made, name)
sources = {n: m.__spec__ for n, m in sys.modules.items() if getattr(m, "__spec__", 0)}
print(json.dumps([
    sorted(each.name for each in pathlib.Path("/opt/python/botocore/data").iterdir()
           if each.is_dir()),
    sorted(name for name, spec in sources.items() if spec.has_location and spec.cached
           and name != "app" and not os.path.exists(spec.cached)),
]))
"""


def sawtooth(step: int) -> bytes:
    """Return one second of WAV; the events name the hash of step 7."""
    frames = [((i * step) % 400 - 200) * 100 for i in range(RATE)]
    data = struct.pack(f"<{RATE}h", *frames)
    layout = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + layout
    body = head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def free_port() -> int:
    """Return a port that no program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class System:
    """Pipeline whose Lambda endpoint is `sam local start-lambda`."""

    pipeline: Pipeline
    standin: StandIn
    sam: images.Sam
    bucket: Bucket
    started: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the functions."""
        return self.sam.environment

    def lay_out(self) -> None:
        """Store the uploads that the events name."""
        for key in ("original", "sample"):
            self.bucket.put(f"audio/{key}.wav", sawtooth(7))
        self.bucket.put("audio/other.wav", sawtooth(3))

    def event(self, stage: str) -> Path:
        """Return the path of a stage's event."""
        return EVENTS / f"invoke_{stage}.json"

    def expect(self, stage: str, answer: dict[str, object]) -> None:
        """Check a stage's answer, and its effect in bucket or stand-in."""
        assert "errorType" not in answer, answer
        if stage == "hash":
            digest = hashlib.sha256(sawtooth(7)).hexdigest()
            assert answer["source"]["audio_hash"] == digest
        elif stage == "dedupe_delete":
            assert answer["status"] == "DUPLICATE"
        elif stage == "waveform":
            document = self.bucket.get(answer["result"]["waveform_data_path"])
            peaks = json.loads(document)["peaks"]
            assert len(peaks) == answer["result"]["num_peaks"] > 0
        elif stage == "music":
            assert set(answer) == {"tempo", "key"}
        elif stage == "mix":
            mixed = self.bucket.get(answer["outcome"]["result"]["mixed_file_path"])
            assert mixed[:4] == b"RIFF"
        elif stage == "compare":
            result = answer["outcome"]["result"]
            document = json.loads(self.bucket.get(result["comparison_path"]))
            told = [pair["status"] for pair in document["pairs"]]
            assert result["statuses"] == told
            assert told[0] == "same"
        else:
            told = self.standin.archive.about("stem789")
            assert [each.event for each in told] == ["completion"] * len(told)
            assert told


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run engine, stand-in and the images where all reach each other."""
    folder = tmp_path_factory.mktemp("images")
    lambda_port, gateway = free_port(), images.gateway()
    started: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch, StandIn(data=folder) as standin:
        patch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{lambda_port}")
        settings = Settings(webhook_url=standin.url)
        with (
            Pipeline(settings, started.__setitem__) as pipeline,
            forwarded(gateway, _port(pipeline.endpoint)) as aws,
            forwarded(gateway, _port(standin.url)) as server,
        ):
            standin.answers.clients = pipeline.clients
            standin.answers.queue_url = pipeline.deployment.queue_url
            environment = {
                "AWS_ENDPOINT_URL": f"http://host.docker.internal:{aws}",
                "WAVEFLOW_LOCAL": "1",
                "WEBHOOK_URL": f"http://host.docker.internal:{server}/webhook",
                "BUCKET_NAME": pipeline.deployment.bucket,
                "WEBHOOK_SECRET_ARN": pipeline.deployment.secret_arn,
            }
            bucket = Bucket(pipeline.clients.s3, pipeline.deployment.bucket)
            sam = images.Sam(folder, environment)
            with sam.endpoint(lambda_port, folder / "sam.log"):
                yield System(pipeline, standin, sam, bucket, started)


def _port(url: str) -> int:
    return int(url.split(":")[2].partition("/")[0])


@pytest.mark.parametrize("stage", STAGES)
def test_make_invoke_runs_the_image_that_sam_builds(
    stage: str, system: System, tmp_path: Path
):
    """A deployed image that does not start its handler would fail every job."""
    song = tmp_path / "노래.wav"
    song.write_bytes(sawtooth(7))

    answer = images.make_invoke(
        *(stage, str(song), "--endpoint", system.pipeline.endpoint),
        *("--webhook-url", system.standin.url, "--out", str(tmp_path / "out")),
    )

    system.expect(stage, answer)


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_an_image_needs_no_more_than_lambda_grants(logical_id: str, system: System):
    """An image that needs more rights than Lambda grants would fail on AWS only."""
    stage = FUNCTIONS[logical_id]
    system.lay_out()
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "ALLOWED_PREFIXES": "audio/",
    }

    answer = images.invoke_like_lambda(
        logical_id, system.event(stage), env={**system.environment, **credentials}
    )

    system.expect(stage, answer)


@pytest.mark.parametrize("logical_id", CLIENTS)
def test_an_image_makes_its_clients_and_compiles_nothing(logical_id: str):
    """Data that is cut out would fail every job; missing bytecode triples a start."""
    environment = {
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "BUCKET_NAME": "bucket",
        "ALLOWED_PREFIXES": "audio/",
        "WEBHOOK_SECRET_ARN": "arn",
        "API_SECRET_ARN": "arn",
        "WEBHOOK_URL": "https://platform.example",
        "STATE_MACHINE_ARN": "arn:aws:states:::stateMachine:m:live",
    }

    found = images.python(
        logical_id, MAKE_CLIENTS, *CLIENTS[logical_id], env=environment
    )

    services, compiled_at_start = json.loads(found)
    assert services == ["s3", "secretsmanager", "stepfunctions"]
    assert compiled_at_start == []


def test_the_api_image_serves_and_lets_nobody_in_unasked():
    """A stranger's request to the deployed API must be refused without a token."""
    issuer = "https://id.example.com/"
    template = Template.read(
        images.ROOT / "template.yaml",
        {"ApiTokenIssuer": issuer, "ApiTokenKeysUrl": f"{issuer}keys.json"},
    )
    template.bind("MachineAliaslive", "arn:aws:states:::stateMachine:m:live")
    environment = {
        **template.environment("ApiFunction"),
        "AWS_DEFAULT_REGION": "ap-northeast-2",
    }
    given = (f"{name}={value}" for name, value in environment.items())
    settings = [part for each in given for part in ("--env", each)]

    # Lambda's adapter calls the server from inside; here the engine calls from outside.
    served = [images.image("ApiFunction"), "app:create", "--host", "0.0.0.0"]  # noqa: S104 - of the container
    with images.confined([*settings, *served]) as url:
        described = images.status_of(f"{url}/openapi.json")
        refused = images.status_of(f"{url}/tokens/analysis-result/nobody")

    assert (described, refused) == (200, 401)


def test_the_whole_machine_runs_on_the_images(system: System, tmp_path: Path):
    """A path of `make run` that fails in images would fail on AWS."""
    scenario = demonstration(write_stems(tmp_path / "stems"))
    rows = [Row(case) for case in scenario.cases]
    run = Run(system.pipeline, system.standin, system.bucket, rows, system.started)
    console = Console(file=io.StringIO())

    run.finish(report.view_for(console))
    for row in rows:
        run.check(row)

    assert {row.case.name: row.faults for row in rows if row.faults} == {}


def test_an_image_holds_only_what_its_stage_needs():
    """A large image is read from the network at each cold start."""
    base = images.size_bytes("public.ecr.aws/docker/library/python:3.13-slim")

    added = {
        stage: (images.size_bytes(images.image(name)) - base) / MEGABYTE
        for name, stage in FUNCTIONS.items()
    }

    print({stage: f"{megabytes:.0f} MB" for stage, megabytes in added.items()})  # noqa: T201 - a figure for the log
    assert all(added[s] <= CORE_MB for s in ("hash", "dedupe_delete", "notify"))
    assert all(added[s] <= AUDIO_MB for s in ("waveform", "mix", "compare"))
    assert added["music"] <= MUSIC_MB


def test_the_projects_own_layer_is_the_same_in_every_image():
    """A shared layer is stored and pulled once for all functions."""
    every = [images.layers(images.image(name)) for name in FUNCTIONS]

    # # Above that layer lie libraries, handler, and the code that music has compiled.
    shared = min(len(layers) for layers in every) - 2
    assert shared > len(images.layers("public.ecr.aws/docker/library/python:3.13-slim"))
    assert len({tuple(layers[:shared]) for layers in every}) == 1
    assert len({layers[-1] for layers in every}) == len(FUNCTIONS)
