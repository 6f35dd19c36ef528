"""Workflows inspect every image; benchmark pages change only when somebody asks."""

import functools
import re

import pytest
import yaml
from support.scripts import script
from support.stack import ROOT, load

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = ROOT / ".github/actions/inspect-images/action.yml"


@functools.cache
def images() -> set[str]:
    """Return the name that SAM gives each function's image."""
    return {
        f"{name.lower()}:{resource['Metadata']['DockerTag']}"
        for name, resource in load()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@pytest.mark.parametrize("field", ["image", "image-ref"])
def test_every_image_is_inspected(field: str):
    """An image without SBOM and scan would ship libraries that nobody has checked."""
    steps = yaml.safe_load(ACTION.read_text("utf-8"))["runs"]["steps"]

    inspected = [step["with"][field] for step in steps if field in step["with"]]

    assert set(inspected) == images()
    assert len(inspected) == len(images())


@pytest.mark.parametrize("name", ["deploy", "test"])
def test_a_workflow_inspects_what_it_has_built(name: str):
    """An inspection after the deployment would let a vulnerable image reach users."""
    text = (ROOT / f".github/workflows/{name}.yml").read_text("utf-8")

    built, _, after = text.partition("run: make test-images")

    assert "inspect-images" not in built
    assert "uses: ./.github/actions/inspect-images" in after.partition("make deploy")[0]


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_every_action_is_pinned_by_digest(path):
    """An action's tag can be moved to hostile code; a commit's digest cannot."""
    used = re.findall(r"uses: (\S+)", path.read_text("utf-8"))

    foreign = [each for each in used if not each.startswith("./")]
    assert foreign
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in foreign)


def test_figures_of_processes_never_replace_those_of_the_images():
    """A reader of the page would take figures of plain processes for containers'."""
    parity = script("bench_parity")

    assert parity.refusal(f"…{parity.IN_IMAGES}…", images=False)
    assert parity.refusal(f"…{parity.IN_IMAGES}…", images=True) is None
    assert parity.refusal(f"…{parity.IN_PROCESSES}…", images=False) is None


def test_a_table_replaces_the_one_before_it_and_nothing_else():
    """A new table must not remove the page's other text, which an author wrote."""
    parity = script("bench_parity")
    first = parity.with_table("# Benchmarks\n", "old")

    page = parity.with_table(f"{first}after\n", "new")

    assert page == first.replace("old", "new") + "after\n"


def test_a_benchmark_writes_only_when_it_is_asked_to():
    """A developer who tries the benchmark must not change the published page."""
    parser = script("bench_parity").parser()

    assert parser.parse_args([]).write is False
    assert parser.parse_args(["--write"]).write is True
    assert "--write" in (ROOT / "Makefile").read_text("utf-8")
