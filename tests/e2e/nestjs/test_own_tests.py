"""Tests of the NestJS example, which compare its DTOs with the published schemas."""

import json
import os
import subprocess

import pytest
from support.node import OLDEST_NODE, ROOT

COMPILE = ("node_modules/.bin/tsc", "--outDir", "tested")
TEST = ("node", "--test", "tested/testing/all.js")


def test_the_examples_own_tests_pass(nestjs_app):
    """A change of a model must fail the example that teams copy."""
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


@pytest.mark.parametrize("name", ["nestjs", "seed-002-server"])
def test_the_tests_are_skipped_where_the_package_would_not_run(name):
    """A developer with an old Node must read that, not a failure in the middle."""
    package = json.loads((ROOT / "examples" / name / "package.json").read_text("utf-8"))

    assert package["engines"]["node"] == ">={}.{}".format(*OLDEST_NODE)
