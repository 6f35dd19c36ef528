"""Imports of the functions: only modules that the stage uses."""

import json
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
}
LOAD = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
print(json.dumps([callable(app.lambda_handler), sorted(sys.modules)]))
"""


@pytest.mark.parametrize("stage", UNUSED)
def test_a_function_loads_only_what_it_uses(stage):
    """Modules that a stage never uses would be loaded at every cold start."""
    app = FUNCTIONS / stage / "app.py"

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(app)],
        capture_output=True,
        text=True,
        check=True,
    )

    usable, modules = json.loads(loaded.stdout)
    assert usable
    assert UNUSED[stage].isdisjoint(modules)
    assert "boto3" not in modules


def test_one_image_alone_installs_what_finds_tempo_and_key():
    """Tempo and key need 400 MB, which no other image may carry."""
    locks = {path: path.read_text() for path in LOCKS.glob("*.lock")}

    holders = {p.name for p, text in locks.items() if "\nlibrosa==" in text}

    assert holders == {"image-music.lock", "dev.lock"}
