"""Commands, costs and settings of the operator's pages, as the project offers them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.scripts import script
from support.stack import ROOT, load
from waveflow_local.ops.commands import ops

RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
DEPLOY = (ROOT / "docs/deploy.md").read_text("utf-8")
OPS = [line.split()[1:] for line in RUNBOOK.splitlines() if line.strip()[:4] == "ops "]


@pytest.mark.parametrize("arguments", OPS, ids=" ".join)
def test_the_runbooks_ops_commands_are_understood(arguments: list[str]):
    """An operator at three in the morning must be able to paste these commands."""
    assert arguments[0] in ops.commands

    ops.commands[arguments[0]].make_context(arguments[0], list(arguments[1:]))


def test_the_runbook_names_every_ops_command():
    """An ops command that the runbook leaves out would be found by no operator."""
    assert {arguments[0] for arguments in OPS} == set(ops.commands)


def test_the_runbook_asks_every_stages_log():
    """A stage without its log in the query would look like a hole in a job's way."""
    query = RUNBOOK.partition("start-query")[2].partition("--query-string")[0]
    own = load()["Resources"]
    stages = {
        resource["Metadata"]["DockerBuildTarget"]
        for name, resource in own.items()
        if resource["Type"] == "AWS::Serverless::Function"
        and "Condition" not in resource
    }

    assert set(re.findall(r"\$STACK/(\w+)", query)) == stages


@pytest.mark.parametrize("pattern", re.findall(r"--filter-pattern '(.+?)'", RUNBOOK))
def test_a_filter_counts_an_invocation_once(pattern: str):
    """A filter without `message` counts twice, as metric lines hold the outcome too."""
    assert '$.message = "' in pattern


def test_the_costs_are_those_that_the_script_prints():
    """An operator plans by the printed costs: one more alarm makes the page wrong."""
    costs = script("costs")

    assert costs.report(costs.parser().parse_args([])) in DEPLOY


def test_the_settings_are_those_of_the_example():
    """A developer must find the deploy page's settings in the example's `.env`."""
    settings = re.findall(r"^\| `\w+` \| .*?`([A-Z_0-9]+)`", DEPLOY, re.MULTILINE)
    example = (ROOT / "examples/nestjs/.env.example").read_text("utf-8")

    assert set(settings) <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert len(settings) == 3


def test_no_default_sends_a_task_token_to_a_foreign_host():
    """A task token must never reach example.com, whose owner could use it."""
    configured = (ROOT / "samconfig.toml").read_text("utf-8")
    urls = re.findall(r"WebhookUrl=([^\"]+)", configured)

    assert len(urls) == 3
    for url in (*urls, load()["Parameters"]["WebhookUrl"]["Default"]):
        assert url.partition("://")[2].partition("/")[0].endswith(".invalid")


@pytest.mark.parametrize(
    ("given", "said"), [([], False), (["AWS_REGION=eu-west-1"], True)]
)
def test_a_deployments_region_wins_over_the_configuration(given: list[str], said: bool):  # noqa: FBT001 - a case
    """A deployment must reach the region that was asked for, not samconfig.toml's."""
    command = ["make", "--dry-run", "deploy", "AWS_REGION=", *given]

    printed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    deployment = printed.partition("sam deploy ")[2]
    assert deployment
    assert ("--region eu-west-1" in deployment) is said


@pytest.mark.parametrize(
    "saved", ['["A=1", "B=2"]', '"A=1 B=2"'], ids=["ours", "guided"]
)
def test_a_deployment_reads_what_a_guided_one_has_saved(saved: str, tmp_path: Path):
    """A guided `sam deploy` saves one string, which `make deploy` must read too."""
    text = f"[x.deploy.parameters]\nparameter_overrides = {saved}\n"
    (tmp_path / "samconfig.toml").write_text(text, "utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    program = makefile.partition("CONFIGURED = $(BIN)/python -c '")[2].partition("'")[0]
    command = [sys.executable, "-c", program.replace("\\\n", ""), "x"]

    read = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert read.stdout == "A=1 B=2\n"
