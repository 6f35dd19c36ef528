"""The example's own tests, which hold its DTOs to the published schemas."""

import os
import subprocess

from support.node import ROOT

COMPILE = ("node_modules/.bin/tsc", "--outDir", "tested")
TEST = ("node", "--test", "tested/testing/all.js")


def test_the_examples_own_tests_pass(nestjs_app):
    """A change of a model must be seen by the server's side, too."""
    env = {**os.environ, "WAVEFLOW_SCHEMAS": f"{ROOT}/docs/schemas/"}
    subprocess.run(COMPILE, cwd=nestjs_app, check=True, timeout=120)

    ran = subprocess.run(
        TEST,
        cwd=nestjs_app,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout[-8000:]
    assert "\n# skipped 0\n" in ran.stdout
    assert "agree about completion SUCCESS" in ran.stdout
