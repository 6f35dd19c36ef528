"""Every call of AWS by every stage, held against the policy of its role."""

import pytest
from support.calls import recording
from support.invocations import KEY, OLDER, events, load, prepare
from support.policies import ROLES, Need, allows, of_holder
from support.stack import Stack, listed
from support.stack import load as load_template
from waveflow import bootstrap
from waveflow.errors import WaveflowError

TEMPLATE = Stack(load_template())
# Names of the template for what the faulty network of these tests has.
NAMES = {
    "arn:aws:s3:::bucket": "arn:aws:s3:::Bucket",
    "bucket/audio/": "Bucket/audio/",
    "the machine of the token": "Machine",
    "secret": "WebhookSecret",
}
FOR_LAMBDA = ("logs:", "xray:", "ec2:")  # Lambda itself asks for these


def denied(role, needs):
    """Return what a role must not do of all that was needed."""
    statements, arn = of_holder(TEMPLATE, role), f"{role}.Arn"
    context = {"aws:PrincipalArn": arn}
    return {need for need in needs if not allows(statements, need, **context)}


@pytest.fixture
def stages(aws):
    """Return a function that runs invocations of a stage, and what they needed."""

    def run(stage):
        with recording(NAMES) as needs:
            bootstrap.services.cache_clear()
            cases = [event for name, event in events(aws).values() if name == stage]
            needs.clear()  # `events` runs the stage hash
            for event in cases:
                prepare(aws)
                load(stage)(event)
                load(stage)(event)
            if stage == "dedupe_delete":
                undo_a_deletion(aws, cases[0])
        return needs

    return run


def undo_a_deletion(aws, event):
    """Let the survivor go with the delete, which the stage undoes by a copy."""
    prepare(aws)
    objects = bootstrap.services().objects
    delete = objects.delete

    def both(key, *, etag):
        delete(key, etag=etag)
        aws.bucket.delete(OLDER)

    objects.delete = both
    with pytest.raises(WaveflowError, match="SURVIVOR_LOST"):
        load("dedupe_delete")(event)
    assert aws.bucket.current(KEY) is not None


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("stage", ROLES)
def test_a_stage_may_make_each_of_its_calls_and_no_other(stages, stage):
    """A right that a stage lacks fails a user's job on AWS, and nowhere before."""
    role = ROLES[stage]
    needs = stages(stage)
    used = {need.action for need in needs}
    held = {
        action
        for each in TEMPLATE.statements(role)
        if each["Effect"] == "Allow"
        for action in listed(each["Action"])
        if not action.startswith(FOR_LAMBDA)
    }

    assert needs
    assert denied(role, needs) == set()
    assert held - used == set()


UPLOAD = f"arn:aws:s3:::Bucket/{KEY}"
ELSEWHERE = [
    ("dedupe_delete", Need("s3:DeleteObject", UPLOAD)),
    ("dedupe_delete", Need("s3:DeleteObjectVersion", UPLOAD)),
    ("dedupe_delete", Need("s3:PutObject", UPLOAD)),
    (
        "dedupe_delete",
        Need("s3:PutObject", UPLOAD, {"s3:x-amz-copy-source": "other/audio/x"}),
    ),
    ("hash", Need("s3:ListBucket", "arn:aws:s3:::Bucket", {"s3:prefix": "private/"})),
    ("hash", Need("s3:GetObject", "arn:aws:s3:::Bucket/private/x")),
    ("notify", Need("secretsmanager:GetSecretValue", "ApiSecret")),
    ("notify", Need("states:SendTaskSuccess", "another machine")),
]


@pytest.mark.parametrize(("stage", "need"), ELSEWHERE)
def test_a_call_outside_its_conditions_is_denied(stage, need):
    """A held list that ignored conditions would allow a delete without If-Match."""
    assert denied(ROLES[stage], [need]) == {need}
