"""Imports of the functions: only modules that the stage uses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
LOCKS = FUNCTIONS.parent / "requirements"
HEAVY = {
    *("numba", "librosa", "scipy", "aws_xray_sdk", "pydantic", "moto"),
    *("av", "plibflac", "soundfile"),
}
AUDIO = {"numpy", "soxr"}
UNUSED = {
    "hash": HEAVY | AUDIO | {"requests"},
    "dedupe_delete": HEAVY | AUDIO | {"requests"},
    "notify": HEAVY | AUDIO,
    "waveform": HEAVY | {"requests"},
    "music": HEAVY | {"requests"},  # loads librosa with the first excerpt
    "mix": HEAVY | {"requests"},
    "compare": HEAVY | {"requests"},
}
LOAD = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
loaded = set(sys.modules)
from waveflow.bootstrap import services
for service in sys.argv[2:]:
    getattr(services(), service)
print(json.dumps([callable(app.lambda_handler), sorted(loaded), sorted(sys.modules)]))
"""
SERVICES = {"notify": ("webhook", "tokens")}
ENVIRONMENT = {
    **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test"),
    "AWS_DEFAULT_REGION": "ap-northeast-2",
    "BUCKET_NAME": "bucket",
    "WEBHOOK_SECRET_ARN": "arn",
    "WEBHOOK_URL": "https://platform.example",
}
# A command, and the other ways in: each before numpy, as a user's program has them.
WAYS_IN = {
    "stage": "import runpy; runpy.run_path('functions/waveform/app.py')",
    "command": "import waveflow_local.cli.app, waveflow_local.files.actions",
    "engine": "import waveflow_local.engine.pipeline, waveflow_local.demo.stems",
    "library": "import waveflow.audio.kernels",
}
THREADS = """
import numpy, os
numpy.ones((500, 500)) @ numpy.ones((500, 500))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.parametrize("stage", UNUSED)
def test_a_function_loads_only_what_it_uses(stage):
    """Modules that a stage never uses would be loaded at every cold start."""
    app = FUNCTIONS / stage / "app.py"

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(app), *SERVICES.get(stage, ("objects",))],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **ENVIRONMENT},
    )

    usable, modules, modules_of_clients = json.loads(loaded.stdout)
    assert usable
    assert UNUSED[stage].isdisjoint(modules)
    assert "botocore.session" not in modules, "a client is made on first use"
    assert "botocore.session" in modules_of_clients
    assert {"boto3", "s3transfer"}.isdisjoint(modules_of_clients)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc counts the threads")
@pytest.mark.parametrize("way", WAYS_IN)
def test_one_thread_multiplies_matrices(way):
    """Two spinning threads of OpenBLAS cost a user up to six times the CPU."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}

    counted = subprocess.run(
        [sys.executable, "-c", WAYS_IN[way] + THREADS],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=FUNCTIONS.parent,
    )

    assert counted.stdout.split() == ["1"]


def test_one_image_alone_installs_what_finds_tempo_and_key():
    """Tempo and key need 400 MB, which no other image may carry."""
    locks = {path: path.read_text() for path in LOCKS.glob("*.lock")}

    holders = {p.name for p, text in locks.items() if "\nlibrosa==" in text}

    assert holders == {"image-music.lock", "dev.lock"}
