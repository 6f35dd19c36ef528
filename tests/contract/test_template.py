"""The template says what the contract asks, and each of these checks can fail."""

import re
from typing import Any

import pytest
from support import template_alarms as watch
from support import template_checks as checks
from support import template_parts as parts
from support.stack import ROOT, TEMPLATE, Stack, load
from support.template_breaks import BREAKS, LABELS, broken, table

CHECKS = (
    checks.least_privilege,
    checks.listing_is_bounded,
    checks.wildcards,
    checks.deletes_are_pinned,
    checks.resource_policies,
    checks.server_policy,
    checks.policies_of_notify,
    parts.bucket,
    parts.queues,
    parts.retained,
    parts.secret,
    parts.functions,
    parts.shared,
    parts.log_groups,
    parts.machine,
    parts.pipe,
    watch.alarms,
    watch.filters,
    watch.dashboard,
    watch.topic,
)
# What makes every conditional resource exist, and no threshold its default.
EVERYTHING = {
    "AlarmEmail": "operator@example.com",
    "NotifySubnetIds": "subnet-0123456789abcdef0",
    "NotifySecurityGroupIds": "sg-0123456789abcdef0",
    "ServerRoleName": "server",
    "Tracing": "Active",
    "UploadOrigins": "https://app.example.com",
    "ReservedConcurrency": "7",
    "RefusedJobsThreshold": "51",
    "QueueAgeThresholdSeconds": "301",
    "ErrorRateThresholdPercent": "26",
    "WebhookFailuresThreshold": "11",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Read the template once."""
    return load()


def complaints(document: dict[str, Any], **parameters: str) -> list[str]:
    """Run every check."""
    stack = Stack(document, **parameters)
    return [sentence for check in CHECKS for sentence in check(stack)]


@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_template_keeps_its_promises(
    document: dict[str, Any], parameters: dict[str, str]
):
    """With the defaults as with every option in use."""
    assert complaints(document, **parameters) == []


@pytest.mark.parametrize(("name", "way", "value"), BREAKS, ids=LABELS)
def test_a_broken_property_is_noticed(
    document: dict[str, Any], name: str, way: str, value: Any
):
    """A check that cannot fail guards nothing."""
    assert complaints(broken(document, name, way, value), **EVERYTHING) != []


def test_every_resource_has_a_break(document: dict[str, Any]):
    """A resource that nobody can break is one that nobody checks."""
    own = {
        name
        for name, resource in document["Resources"].items()
        if resource.get("Condition") != "HasApi"  # test_template_api.py has those
    }

    assert own | {"Globals"} == {name for name, *_ in BREAKS}


def test_the_page_lists_what_was_broken():
    """Whoever reads the list of checks must be able to rely on it."""
    page = (ROOT / "docs/deploy.md").read_text("utf-8")

    assert table() in page, table()


@pytest.mark.parametrize("mode", ["report", "off"])
def test_only_delete_may_delete(document: dict[str, Any], mode: str):
    """The right goes with the parameter, not only the wish."""
    stack = Stack(document, DedupeMode=mode)

    assert "s3:DeleteObject" not in stack.allowed("DedupeDeleteRole")


@pytest.mark.parametrize("prefixes", ["a/", "a/,b/", "a/,b/,c/,d/,e/,f/g/"])
def test_a_role_reads_below_the_allowed_prefixes_only(
    document: dict[str, Any], prefixes: str
):
    """CloudFormation has no loop; a list of any length fills the six places."""
    stack = Stack(document, AllowedPrefixes=prefixes)

    read = stack.properties("ReadUploads")["PolicyDocument"]["Statement"][0]

    expected = {f"Bucket.Arn/{prefix}*" for prefix in prefixes.split(",")}
    assert set(read["Resource"]) == expected


@pytest.mark.parametrize(
    "prefixes",
    [
        *("", "a", "/", "*/", "a/*/", "a/,", "a/b", "../a/ ", "a//", "${x}/"),
        *("waveforms/", "a/,mixed/", "dedupe/", "a/,b/,c/,d/,e/,f/,g/"),
    ],
)
def test_a_prefix_that_reads_too_much_is_refused(
    document: dict[str, Any], prefixes: str
):
    """A wildcard, an empty name or an output prefix never becomes a resource."""
    pattern = document["Parameters"]["AllowedPrefixes"]["AllowedPattern"]

    assert not re.fullmatch(pattern, prefixes)


def test_an_existing_bucket_is_used_and_left_as_it_is(document: dict[str, Any]):
    """Its policy and its lifecycle are its owner's."""
    stack = Stack(document, ExistingBucketName="mine")

    assert not {"Bucket", "BucketPolicy"} & set(stack.resources)
    assert stack.globals["Environment"]["Variables"]["BUCKET_NAME"] == "mine"
    for role in checks.LISTS:
        every = set().union(*stack.allowed(role).values())
        assert not any("Bucket" in resource for resource in every)
    deletes = stack.allowed("DedupeDeleteRole")["s3:DeleteObject"]
    assert deletes == {f"arn:aws:s3:::mine/{p}*" for p in checks.PREFIXES}


def test_every_parameter_is_bounded_explained_and_used(document: dict[str, Any]):
    """A person who deploys sees these sentences and nothing else."""
    text = TEMPLATE.read_text("utf-8").partition("\nRules:")[2]
    for name, parameter in document["Parameters"].items():
        bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
        assert bounds, name
        assert "MinValue" not in bounds or "MaxValue" in parameter, name
        assert "Default" in parameter, name
        assert re.fullmatch(r"[A-Z].{20,}\.", parameter["Description"]), name
        assert re.search(rf"\b{name}\b", text), name


def test_a_rule_uses_what_cloudformation_allows_in_rules(document: dict[str, Any]):
    """Elsewhere more functions are allowed, and cfn-lint does not tell them apart."""
    named = set(re.findall(r"Fn::\w+", str(document["Rules"])))

    assert named <= {"Fn::And", "Fn::EachMemberEquals", "Fn::Equals", "Fn::Not"}


def test_the_defaults_keep_the_bounds(document: dict[str, Any]):
    """`sam deploy` with nothing said must not be refused."""
    for name, parameter in document["Parameters"].items():
        default = str(parameter["Default"])
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], default), name
        if "AllowedValues" in parameter:
            assert default in {str(each) for each in parameter["AllowedValues"]}, name
        if "MinValue" in parameter:
            assert parameter["MinValue"] <= int(default) <= parameter["MaxValue"], name


def test_the_server_learns_what_it_needs(document: dict[str, Any]):
    """These are the settings of examples/nestjs."""
    outputs = Stack(document).outputs

    assert outputs["QueueUrl"] == "Queue"
    assert outputs["BucketName"] == "Bucket"
    assert outputs["WebhookSecretArn"] == "WebhookSecret"
    assert outputs["ServerPolicyArn"] == "ServerPolicy"
    assert outputs["MachineAliasArn"] == "MachineAliaslive"
    assert outputs["PipeName"] == "Pipe"


def test_a_configuration_names_only_parameters_that_exist(document: dict[str, Any]):
    """SAM passes an unknown name on, and the deployment fails late."""
    text = (ROOT / "samconfig.toml").read_text("utf-8")

    named = set(re.findall(r'"(\w+)=', text))

    assert named <= set(document["Parameters"])
