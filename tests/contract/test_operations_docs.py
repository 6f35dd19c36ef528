"""Commands, costs and settings of the operator's pages, as the project offers them."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.scripts import script
from support.stack import ROOT, listed, load
from waveflow_local.ops.commands import ops

RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
DEPLOY = (ROOT / "docs/deploy.md").read_text("utf-8")
POLICIES = sorted((ROOT / "docs/policies").glob("*.json"))
LARGEST_POLICY = 6_144  # characters that are not white space; IAM refuses more
NO_RESOURCE = {
    *("KnowNoResource", "LogInToRegistry"),
    *("LookAtTheAlarms", "ReadTheLogsAnswer"),
}
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


@pytest.mark.parametrize(
    "named", ["--hash-s=-1", "--mix-s=nan", "--cold-share=2", "--ec2-busy-s=0"]
)
def test_a_cost_of_impossible_figures_is_refused(named):
    """A mistyped time printed a table of negative prices, and 0 a traceback."""
    with pytest.raises(SystemExit):
        script("costs").parser().parse_args([named])


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


@pytest.mark.parametrize(
    ("architecture", "built"), [("x86_64", "amd64"), ("arm64", "arm64")]
)
def test_images_of_another_processor_are_refused(
    architecture: str, built: str, tmp_path: Path
):
    """Lambda takes such an image without a word, and fails at every invocation."""
    docker = tmp_path / "docker"

    def images(found: str) -> subprocess.CompletedProcess[str]:
        docker.write_text(f"#!/bin/sh\necho {found}\n", "utf-8")
        docker.chmod(0o755)
        command = ["make", "images", "SAM=true", "UV=", f"ARCHITECTURE={architecture}"]
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(
            command, cwd=ROOT, env=path, capture_output=True, text=True, check=False
        )

    other = {"amd64": "arm64", "arm64": "amd64"}[built]
    assert images(built).returncode == 0
    refused = images(other)
    assert refused.returncode != 0
    assert f"for {other}, not for {architecture}" in refused.stderr


def test_no_override_names_another_processor_than_the_images():
    """SAM takes a parameter's last value, which must be the images' processor."""
    command = ["make", "--dry-run", "deploy", "OVERRIDES=Architecture=arm64 LogLevel=A"]

    printed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    deployment = printed.partition("sam deploy ")[2]
    assert re.findall(r"Architecture=(\w+)", deployment) == ["arm64", "x86_64"]


@pytest.mark.parametrize("words", re.findall(r'OVERRIDES="(.+?)"', RUNBOOK + DEPLOY))
def test_an_override_of_the_pages_is_a_value_of_a_parameter(words: str):
    """A rollback at night must not end at a parameter that CloudFormation refuses."""
    for name, value in (word.split("=", 1) for word in words.split()):
        own = load()["Parameters"][name]

        assert value in {str(each) for each in own.get("AllowedValues", [value])}
        assert re.fullmatch(own.get("AllowedPattern", ".*"), value)


def test_a_rollback_rings_no_alarm_and_the_next_release_does():
    """CloudFormation keeps a parameter's last value where a configuration is silent."""
    configured = (ROOT / "samconfig.toml").read_text("utf-8")
    back = RUNBOOK.partition("\n## Roll back\n")[2].partition("\n## ")[0]

    assert "RollBackOnAlarms=false" in back
    assert "DeploymentType=ALL_AT_ONCE" in back
    sections = configured.split("parameter_overrides")[1:]
    assert ["RollBackOnAlarms=true" in each for each in sections] == [True] * 3


@pytest.mark.skipif(shutil.which("jq") is None, reason="the runbook's list needs jq")
def test_a_version_is_kept_while_an_execution_may_need_it():
    """A failed execution without its version cannot be redriven."""
    program = RUNBOOK.partition("list-state-machine-versions")[2].partition("jq -r '")
    ages = {"m:1": 90, "m:2": 40, "m:3": 19, "m:4": 17, "m:5": 1}
    now = datetime.now(UTC)
    versions = [
        {
            "stateMachineVersionArn": arn,
            "creationDate": (now - timedelta(days=days)).isoformat(),
        }
        for arn, days in sorted(ages.items(), reverse=True)
    ]

    listed_ones = subprocess.run(
        ["jq", "-r", program[2].partition("'")[0]],
        input=json.dumps({"stateMachineVersions": versions}),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    # The second version ran until 19 days ago, the third until 17 days ago.
    assert listed_ones == ["m:1", "m:2"]


@pytest.mark.parametrize("path", POLICIES, ids=[path.stem for path in POLICIES])
def test_a_policy_can_be_attached_and_names_what_it_is_for(path: Path):
    """IAM refuses a policy that is too large, and an account a policy of wildcards."""
    text = path.read_text("utf-8")
    statements = json.loads(text)["Statement"]

    assert len("".join(text.split())) <= LARGEST_POLICY
    for each in statements:
        assert not any("*" in action for action in listed(each["Action"]))
        if "*" in listed(each["Resource"]):
            assert each["Sid"] in NO_RESOURCE
    assert f"docs/policies/{path.name}" in DEPLOY


def test_the_policies_know_the_repositories_as_sam_names_them():
    """A role for `waveflow-*` matches none of SAM's repositories."""
    text = (ROOT / "docs/policies/deploy-sam.json").read_text("utf-8")
    [push] = [e for e in json.loads(text)["Statement"] if e["Sid"] == "PushImages"]
    repository = push["Resource"].replace("*", ".*").partition("repository/")[2]

    assert re.fullmatch(repository, "waveflowdev1671c41a/hashfunction949a1482repo")
    assert re.fullmatch(repository, "waveflowaa461926/apifunction51503098repo")


@pytest.mark.parametrize("title", ["An operator's role", "The right to erase"])
def test_the_pages_lines_fill_in_every_word_of_a_policy(title: str, tmp_path: Path):
    """A word that is left in the policy denies an operator a command at night."""
    section = DEPLOY.partition(f"## {title}")[2].partition("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    filled = tmp_path / "operator.json"
    asks = "STACK=a-stack; aws() { echo 111122223333; }; out() { echo arn:x:$1-1a; }\n"

    code = asks + re.sub(r"> \S+$", f"> {filled}", "\n".join(lines))
    subprocess.run(["bash", "-euc", code], cwd=ROOT, check=True)

    statements = json.loads(filled.read_text("utf-8"))["Statement"]
    places = [place for each in statements for place in listed(each["Resource"])]
    assert [place for place in places if re.search("[A-Z]{3}", place)] == []
