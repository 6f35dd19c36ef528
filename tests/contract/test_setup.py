"""Check what `make` tells uv before the first package is fetched."""

import os
import subprocess

import pytest
from support.stack import ROOT

SHOW = "shown: ; @echo $$UV_SYSTEM_CERTS $$NODE_USE_SYSTEM_CA"
OFF = {"UV_SYSTEM_CERTS": "0", "NODE_USE_SYSTEM_CA": "0"}


@pytest.mark.parametrize(("own", "seen"), [({}, "1 1"), (OFF, "0 0")])
def test_uv_and_npm_trust_the_certificates_of_the_system(own, seen):
    """Behind a company's proxy only the system's store knows who signs."""
    ours = ("UV_", "NODE_", "MAKE")
    others = {k: v for k, v in os.environ.items() if not k.startswith(ours)}

    said = subprocess.run(
        ["make", "--no-print-directory", f"--eval={SHOW}", "shown"],
        cwd=ROOT,
        env=others | own,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == seen


def test_the_locked_uv_knows_the_setting():
    """A setting that uv renamed would be ignored without a word."""
    uv = ROOT / ".venv" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("no .venv was made by `make setup`")

    said = subprocess.run(
        [uv, "pip", "install", "--help"], capture_output=True, text=True, check=True
    )

    assert "UV_SYSTEM_CERTS" in said.stdout
