"""Swagger UI at /docs, as the users of the first system know it."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import requests
from support.console import ROOT
from support.node import built, require_node
from support.processes import HANGS_S


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, stem, tmp_path_factory):
    """Return what a browser asked and saw that tried an operation out."""
    require_node()
    walk = Path(__file__).with_name("docs.mjs")
    folder = os.environ.get("WAVEFLOW_PICTURES", tmp_path_factory.mktemp("docs"))
    packages = built(ROOT / "local" / "page")
    ran = subprocess.run(
        ["node", walk, own_url, browser, folder, packages, stem.job_id],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def test_an_operation_is_tried_out(seen, stem):
    """A developer learns the API by asking it, before a line of code is written."""
    assert '"status": "completed"' in seen["answer"]
    assert stem.job_id in seen["answer"]


def test_every_operation_is_shown_without_an_error(seen, own_url):
    """A viewer too old for the document's version shows nothing but a complaint."""
    paths = requests.get(f"{own_url}openapi.json", timeout=5).json()["paths"]

    assert seen["operations"] == sum(len(methods) for methods in paths.values())
    assert seen["faults"] == []


def test_no_other_host_is_asked(seen, own_url):
    """A company's network lets nothing out, and a request would tell who reads."""
    assert seen["hosts"] == [own_url.rstrip("/")]
