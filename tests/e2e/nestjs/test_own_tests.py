"""Tests of the NestJS example, which compare its DTOs with the published schemas."""

import json
import os
import re
import subprocess

import pytest
from support.node import ROOT

COMPILE = ("node_modules/.bin/tsc", "--outDir", "tested")
TEST = ("node", "--test", "tested/testing/all.js")
VERSIONS = [
    *[(18, 20, 0), (20, 19, 0), (21, 0, 0), (22, 0, 0), (22, 12, 0), (22, 13, 0)],
    *[(23, 0, 0), (23, 11, 0), (24, 0, 0), (24, 11, 0), (26, 0, 0)],
]


def takes(wanted, version):
    """Return True where a range of `engines` holds a version of Node."""
    for part in wanted.split("||"):
        kind, *numbers = re.fullmatch(
            r"\s*(>=|\^)?\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.\*)?\s*", part
        ).groups()
        lowest = tuple(int(number or 0) for number in numbers)
        if version >= lowest and (kind == ">=" or version[0] == lowest[0]):
            return True
    return False


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
def test_engines_are_the_versions_of_node_that_every_locked_package_takes(name):
    """A developer must read which versions of Node `npm ci` takes without warning."""
    lock = json.loads((ROOT / f"examples/{name}/package-lock.json").read_text("utf-8"))
    own, *locked = (one.get("engines", {}) for one in lock["packages"].values())

    for version in VERSIONS:
        wanted = all(takes(one.get("node", ">=0"), version) for one in locked)
        assert takes(own["node"], version) == wanted, version
