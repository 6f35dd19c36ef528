"""SAM's translation of the template, and the rights of the role that deploys."""

import json
import os
import re
import shlex
import subprocess
from typing import Any

import pytest
from support.policies import Need, allows
from support.stack import ROOT, listed

REGION, ACCOUNT, ID = "ap-northeast-2", "111122223333", "1A2B3C"
HERE = f"{REGION}:{ACCOUNT}"
FILES = ("deploy-sam", "deploy-stack")
# Permissions of CloudFormation's handlers for properties that the template has not.
UNUSED = {
    "keys of one's own": "^kms:|logs:.*KmsKey",
    "other services": "^(s3tables|firehose|elasticfilesystem|s3files):",
    "calls that IAM knows by another name": "s3:DeleteBucket(Cors|Encryption|Life)",
    "features of a bucket": "s3:.*(Metadata|Inventory|Analytics|Replicat|Tiering"
    "|Accelerate|Website|ObjectLock|Abac|Notification|Metrics|PutBucketLogging"
    "|PutBucketAcl|PutObjectAcl)",
    "objects of the bucket, which are users'": "^s3:DeleteObject$",
    "resource policies and features of log groups": "logs:.*(BearerToken"
    "|DataProtection|Index|DeletionProtection|DeleteResourcePolicy)|REST",
    "features of a function": "CodeSigning|LayerVersion|Capacity|Scaling|AssociateRun",
    "groups, users and boundaries": "GroupPolicy|UserPolicy|Boundary",
    "copies of a secret in other regions": "secretsmanager:.*Regions",
    "data protection of a topic": "sns:.*DataProtection",
    "a pipe's source in a VPC": "iam:CreateServiceLinkedRole",
}
# SAM's source names these too; no deployment of the project calls them.
NEVER_CALLED = {
    *("cloudformation:DeleteStack", "cloudformation:RollbackStack"),
    "ecr:BatchDeleteImage",
}
# Calls that SAM makes by boto3's resources, or that Docker makes when it pushes.
OTHERWISE = {
    *("cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet"),
    *("cloudformation:ListStackResources", "cloudformation:TagResource"),
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:PutImage"),
    *("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
    *("ecr:GetDownloadUrlForLayer", "s3:GetBucketLocation", "s3:PutObject"),
}
OF_POLICIES = re.compile("iam:(Create|Delete|Get|List)(Policy|EntitiesFor)")
OF_NONE = re.compile(
    "logs:.*(LogDelivery|Deliveries|ResourcePolic|DescribeLogGroups)|^ec2:"
    "|DescribeAlarms|GetRandomPassword|GetAuthorizationToken"
)


@pytest.fixture(scope="module", name="facts")
def _facts() -> dict[str, Any]:
    """Return what SAM and CloudFormation's schemas say, from SAM's environment."""
    if "WAVEFLOW_SAM" not in os.environ:
        pytest.skip("`make validate` has SAM, and runs this")
    python = [*shlex.split(os.environ["WAVEFLOW_SAM"])[:-1], "python", "-P"]
    command = [*python, "tests/support/sam_facts.py", "EnableApi=true"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    facts: dict[str, Any] = json.loads(told.stdout)
    return facts


def statements() -> list[dict[str, Any]]:
    """Return what the role that deploys may do, with the policies' words filled in."""
    texts = [(ROOT / f"docs/policies/{name}.json").read_text() for name in FILES]
    filled = [t.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT) for t in texts]
    return [each for text in filled for each in json.loads(text)["Statement"]]


def places(action: str, stack: str, facts: dict[str, Any]) -> list[str]:
    """Return resources that a deployment names for an action, as AWS names them.

    CloudFormation puts the stack's name before some names, and before others not;
    where no document says which, both must be allowed.
    """
    if OF_NONE.search(action):
        return ["*"]
    service = action.partition(":")[0]
    own, lower = f"{stack}-X-{ID}", f"{stack}-bucket-{ID}".lower()
    sams = f"{facts['managed']}-samclisourcebucket-{ID}".lower()
    iam = "policy" if OF_POLICIES.match(action) else "role"
    if service == "s3":
        whole = re.search("GetObject|PutObject", action)
        return (
            [f"arn:aws:s3:::{sams}/x"]
            if whole
            else [f"arn:aws:s3:::{name}" for name in (sams, lower)]
        )
    names = {
        "lambda": [f"lambda:{HERE}:function:{own}"],
        "iam": [f"iam::{ACCOUNT}:{iam}/{own}"],
        "states": [
            f"states:{HERE}:stateMachine:{name}{end}"
            for name in (f"Machine-{ID}", f"{stack}-Machine-{ID}")
            for end in ("", ":live", ":1")
        ],
        "pipes": [f"pipes:{HERE}:pipe/{n}" for n in (f"Pipe-{ID}", own)],
        "secretsmanager": [
            f"secretsmanager:{HERE}:secret:{n}"
            for n in (f"WebhookSecret-{ID}", f"ApiSecret-{ID}", own)
        ],
        "sqs": [f"sqs:{HERE}:{own}"],
        "sns": [f"sns:{HERE}:{own}", f"sns:{HERE}:{own}:{ID}"],
        "ssm": [f"ssm:{HERE}:parameter/waveflow/{stack}/upload-prefixes"],
        "cloudwatch": [
            f"cloudwatch::{ACCOUNT}:dashboard/{stack}"
            if "Dashboard" in action
            else f"cloudwatch:{HERE}:alarm:{own}"
        ],
        "logs": [
            f"logs:{HERE}:log-group:{group}{end}"
            for group in (
                f"/waveflow/{stack}/hash",
                f"/aws/vendedlogs/states/{stack}",
                f"/aws/vendedlogs/pipes/{stack}",
            )
            for end in ("", ":*")
        ],
        "ecr": [
            f"ecr:{HERE}:repository/{name}"
            for name in facts["stacks"][stack]["repositories"]
        ],
        "cloudformation": [
            f"cloudformation:{HERE}:stack/{name}/{ID}"
            for name in (stack, facts["managed"], facts["stacks"][stack]["companion"])
        ],
    }
    return [f"arn:aws:{name}" for name in names[service]]


def needed(facts: dict[str, Any]) -> set[str]:
    """Return the actions of a deployment: CloudFormation's, SAM's and Docker's."""
    handled = {action for each in facts["permissions"].values() for action in each}
    unused = re.compile("|".join(UNUSED.values()))
    own = ({*facts["calls"]} | OTHERWISE) - NEVER_CALLED
    return {action for action in handled if not unused.search(action)} | own


@pytest.mark.parametrize("stack", ["waveflow", "waveflow-dev", "waveflow-prod"])
def test_the_role_that_deploys_may_do_what_sam_does(facts: dict[str, Any], stack: str):
    """A role that misses one right leaves a stack half made on its first day."""
    held, passed = statements(), {"iam:PassedToService": "lambda.amazonaws.com"}
    needs = [
        Need(action, place, passed)
        for action in needed(facts)
        for place in places(action, stack, facts)
    ]

    assert [need for need in needs if not allows(held, need)] == []


def test_the_role_that_deploys_has_no_right_that_nothing_asks(facts: dict[str, Any]):
    """A right that no deployment needs helps only a thief of the workflow's role."""
    held = {action for each in statements() for action in listed(each["Action"])}

    assert held - needed(facts) == set()


@pytest.mark.parametrize(
    ("action", "place", "service"),
    [
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/waveflow-x", "ec2"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", "lambda"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/admin", ""),
        ("s3:DeleteObject", "arn:aws:s3:::waveflow-dev-bucket-1/audio/x", ""),
        ("s3:GetObject", "arn:aws:s3:::waveflow-dev-bucket-1/audio/x", ""),
        ("s3:PutBucketPolicy", "arn:aws:s3:::another", ""),
        ("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/another", ""),
        ("cloudformation:UpdateStack", f"arn:aws:cloudformation:{HERE}:stack/a/1", ""),
        ("states:StartExecution", f"arn:aws:states:{HERE}:stateMachine:Machine-1", ""),
    ],
)
def test_the_role_that_deploys_may_touch_nothing_else(
    action: str, place: str, service: str
):
    """A deployment of this stack must change no other and read no upload."""
    passed = {"iam:PassedToService": f"{service}.amazonaws.com"}

    assert not allows(statements(), Need(action, place, passed))


def callers(resources: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return who may call the function URL: action, caller, and how."""
    return {
        (
            own["Properties"]["Action"],
            own["Properties"]["Principal"],
            str(own["Properties"].get("FunctionUrlAuthType")),
            str(own["Properties"].get("InvokedViaFunctionUrl")),
        )
        for own in resources.values()
        if own["Type"] == "AWS::Lambda::Permission"
    }


BOTH = {
    ("lambda:InvokeFunctionUrl", "*", "NONE", "None"),
    ("lambda:InvokeFunction", "*", "None", "True"),
}


def test_the_function_url_has_both_its_permissions(facts: dict[str, Any]):
    """Lambda answers 403 to every browser where one of the two is missing."""
    resources = facts["resources"]
    [*permissions] = [n for n, r in resources.items() if "Permission" in r["Type"]]

    assert callers(resources) == BOTH
    for name in permissions:
        assert resources[name]["Condition"] == "HasApi"
        assert callers({n: r for n, r in resources.items() if n != name}) != BOTH


def test_every_version_of_the_machine_outlives_its_release(facts: dict[str, Any]):
    """A failed execution can be redriven for 14 days, on the version it began with."""
    version = facts["resources"]["MachineVersion"]
    alias = facts["resources"]["MachineAliaslive"]["Properties"]

    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == (
        *("Retain", "Retain"),
    )
    moved = alias["DeploymentPreference"]["StateMachineVersionArn"]
    assert moved == {"Ref": "MachineVersion"}
    kinds = {own["Type"] for own in facts["resources"].values()}
    assert "AWS::Lambda::Version" not in kinds  # docs/deploy.md says so


def test_the_alarms_can_be_left_out_of_a_deployment(facts: dict[str, Any]):
    """Left in, a ringing alarm would roll an operator's rollback back."""
    alias = facts["resources"]["MachineAliaslive"]["Properties"]
    [condition, watched, otherwise] = alias["DeploymentPreference"]["Alarms"]["Fn::If"]

    assert condition == "RollsBack"
    alarms = ("ErrorRateAlarm", "CompareErrorRateAlarm", "DefectsAlarm")
    assert watched == [{"Ref": name} for name in alarms]
    assert otherwise == {"Ref": "AWS::NoValue"}
