"""The policies say what the linters miss, conditions included."""

from support.account import BUCKET
from support.policies import ROLES, WRITES, Policies, listed


def test_no_action_is_a_wildcard(policies):
    """The linters pass `s3:*` on `*`; denials may be wide."""
    for name, each in policies.all_statements():
        if each["Effect"] == "Allow":
            assert not [a for a in listed(each["Action"]) if "*" in a], name


KNOW_NO_RESOURCE = ("xray:", "ec2:", "logs:")


def test_a_bare_resource_is_only_for_actions_that_know_none(policies):
    """X-Ray, subnets and log delivery."""
    for name, each in policies.all_statements():
        if each["Effect"] == "Allow" and "*" in listed(each.get("Resource")):
            actions = listed(each["Action"])
            assert all(a.startswith(KNOW_NO_RESOURCE) for a in actions), name


def actions_of(policies, stage):
    """Return what a stage's role is allowed."""
    return {
        action
        for each in policies.statements(stage)
        if each["Effect"] == "Allow"
        for action in listed(each["Action"])
    }


def test_only_dedupe_delete_deletes_and_nobody_a_version(policies):
    """And it cannot even be allowed to without the pin."""
    deleting = {s for s in ROLES if "s3:DeleteObject" in actions_of(policies, s)}
    [statement] = [
        each
        for each in policies.statements("dedupe_delete")
        if "s3:DeleteObject" in listed(each["Action"])
    ]

    assert deleting == {"dedupe_delete"}
    assert statement["Condition"] == {"Null": {"s3:if-match": "false"}}
    for stage in ROLES:
        assert "s3:DeleteObjectVersion" not in actions_of(policies, stage)
    quiet = Policies({"DedupeMode": "report"})
    assert "s3:DeleteObject" not in actions_of(quiet, "dedupe_delete")


def test_the_bucket_denies_bare_deletes_and_plain_http(policies):
    """For WaveFlow's own roles, and for everybody."""
    found = policies.all_statements()
    by_name = {each["Sid"]: each for name, each in found if name == "BucketPolicy"}

    assert by_name["OnlyTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bare = by_name["OurDeletesOnlyWithIfMatch"]
    assert (bare["Effect"], bare["Action"]) == ("Deny", "s3:DeleteObject")
    assert bare["Condition"]["Null"] == {"s3:if-match": "true"}
    ours = bare["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert {tuple(arn["Fn::GetAtt"]) for arn in ours} >= {
        (role, "Arn") for role in ROLES.values()
    }
    assert by_name["OursNeverEndTheQuarantine"]["Action"] == "s3:DeleteObjectVersion"


def test_writes_stay_below_the_stage_s_own_prefix(policies):
    """Reading uploads never means writing them."""
    for stage, prefixes in WRITES.items():
        written = [
            resource
            for each in policies.statements(stage)
            if "s3:PutObject" in listed(each["Action"])
            for resource in listed(each["Resource"])
        ]
        expected = [f"arn:aws:s3:::{BUCKET}/{prefix}*" for prefix in prefixes]
        assert sorted(written) == sorted(expected)
