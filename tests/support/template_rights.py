"""Questions to a template: who may do what, as CONTRACT.md, section 10, says."""

from collections.abc import Iterator
from typing import Any

from support import policies
from support.policies import ROLES, rights
from support.stack import Stack, listed

KNOW_NO_RESOURCE = ("xray:PutT", "xray:GetSampling", "ec2:", "logs:")
PINNED, BARE = ({"Null": {"s3:if-match": word}} for word in ("false", "true"))
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
SERVICES = {"MachineRole": ("states", ACCOUNT), "PipeRole": ("pipes", ACCOUNT)}
LOG = "arn:aws:logs:ap-northeast-2:111122223333:log-group:"
TAG = "${aws:PrincipalTag/waveflow-log}"
ITS_CODE = {"ArnEquals": {"lambda:SourceFunctionArn": "NotifyFunction.Arn"}}


def objects(stack: Stack) -> Iterator[Any]:
    """Yield rights on the bucket's prefixes that differ from CONTRACT.md."""
    given, found = stack.parameters["ExistingBucketName"], set()
    arn = f"arn:aws:s3:::{given or 'Bucket'}"
    for holder, action, place, condition in rights(stack):
        below = [place if given else place.replace("Bucket.Arn", arn)]
        if action == "s3:ListBucket":
            listing = condition.get("StringLikeIfExists", {})
            below = [f"{below[0]}/{each}" for each in listing.get("s3:prefix", "?")]
        if action.startswith("s3:"):
            found |= {(holder, action, each) for each in below}
    off = "" if stack.parameters["DedupeMode"] == "delete" else "s3:DeleteObject"
    uploads = stack.parameters["AllowedPrefixes"].split(",")
    yield from found ^ {
        (policies.HOLDERS[who], action, f"{arn}/{prefix}*")
        for action, rows in policies.BUCKET.items()
        for who, own in rows.items()
        for each in own
        for prefix in (uploads if each == policies.UPLOADS else [each])
        if policies.HOLDERS[who] in stack.resources and action != off
    }


def deletes(stack: Stack) -> Iterator[Any]:
    """Yield deletes without If-Match, by a role's policy or the bucket's."""
    for holder, action, _, condition in rights(stack):
        bound = {"s3:DeleteObject": PINNED, "s3:ListBucket": condition}
        bound |= {"s3:PutObject": condition}  # the question `copies` is about it
        if condition != bound.get(action, {}):
            yield holder, action, condition
    policy = stack.properties("BucketPolicy").get("PolicyDocument", {"Statement": []})
    refused = {(each["Effect"], each["Action"]): each for each in policy["Statement"]}
    for action, unless in (("s3:DeleteObject", BARE), ("s3:DeleteObjectVersion", {})):
        each = refused.get(("Deny", action), {"Condition": {}})
        ours = each["Condition"].get("ArnEquals", {}).get("aws:PrincipalArn", [])
        bound = {**unless, "ArnEquals": {"aws:PrincipalArn": ours}}
        whole = (each.get("Resource"), each["Condition"]) == ("Bucket.Arn/*", bound)
        if refused and not (whole and {*ours} == {f"{r}.Arn" for r in ROLES.values()}):
            yield each


def copies(stack: Stack) -> Iterator[Any]:
    """Ask whether a stage writes uploads only as copies of uploads of its bucket."""
    prefixes = tuple(stack.parameters["AllowedPrefixes"].split(","))
    bucket = stack.parameters["ExistingBucketName"] or "Bucket"
    within = {f"{bucket}/{prefix}*" for prefix in prefixes}
    for holder, action, place, condition in rights(stack):
        if action != "s3:PutObject" or holder not in ROLES.values():
            continue
        if place.partition("/")[2].startswith(prefixes):
            copied = condition.get("StringLike", {}).get("s3:x-amz-copy-source", [])
            if set(copied) != within or set(condition) != {"StringLike"}:
                yield holder, place, condition


def others(stack: Stack) -> Iterator[Any]:
    """Yield rights on secret, tokens, machine, queue and functions beyond ALONE."""
    own = {"Machine", "Queue.Arn"}
    own |= {f"{role.removesuffix('Role')}Function.Arn" for role in ROLES.values()}
    given = {stack.parameters["ApiExternalSecretArn"]: "external"}
    found, read = set(), set()
    for holder, action, place, _ in rights(stack):
        known = () if holder == "ServerPolicy" else KNOW_NO_RESOURCE
        if not action.startswith(("s3:", *known)):
            found.add((action, holder))
            if action == "secretsmanager:GetSecretValue":
                read.add((holder, given.get(place, place)))
            elif place not in own and ":execution:Machine" not in place:
                yield holder, action, place
    yield from found ^ {each for each in policies.ALONE if each[1] in stack.resources}
    yield from read ^ {
        (holder, each)
        for holder, secrets in policies.SECRETS.items()
        for each in secrets
        if holder in stack.resources and (each != "external" or "" not in given)
    }


def wildcards(stack: Stack) -> Iterator[Any]:
    """Yield statements with a wildcard as action, named resource or caller."""
    for each in stack.grants():
        named = [
            a for a in listed(each["Action"]) if not a.startswith(KNOW_NO_RESOURCE)
        ]
        bare = named and "*" in listed(each.get("Resource", []))
        lent = {"Principal", "Resource"} <= {*each} and each.get("Condition") != ACCOUNT
        if bare or lent or "*" in f"{each['Action']}{each.get('Principal')}":
            yield each


def plain_http(stack: Stack) -> Iterator[str]:
    """Yield buckets, queues and topics that accept requests without TLS."""
    kinds = ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic")
    unguarded = {name for kind in kinds for name in stack.of_type(kind)}
    for resource in stack.resources.values():
        own = resource.get("Properties", {})
        guarded = {own.get("Bucket"), *own.get("Queues", []), *own.get("Topics", [])}
        for each in own.get("PolicyDocument", {}).get("Statement", []):
            if each["Effect"] == "Deny" and each.get("Condition") == WITHOUT_TLS:
                places = {place.partition(".")[0] for place in listed(each["Resource"])}
                unguarded -= places & guarded
    yield from unguarded


def service_roles(stack: Stack) -> Iterator[Any]:
    """Yield roles of several functions, other callers, or other log groups."""
    functions = stack.of_type("AWS::Serverless::Function")
    users = {own["Role"].removesuffix(".Arn"): own for own in functions.values()}
    kinds = {own["Type"].removeprefix("AWS::IAM::") for own in stack.resources.values()}
    if len(users) != len(functions) or kinds & {
        "Group",
        "Policy",
        "User",
        "UserPolicy",
    }:
        yield users, kinds
    for role, made in stack.of_type("AWS::IAM::Role").items():
        [trusted] = made["AssumeRolePolicyDocument"]["Statement"]
        service, bound = SERVICES.get(role, ("lambda", None))
        caller = {"Service": f"{service}.amazonaws.com"}
        if (trusted["Principal"], trusted.get("Condition")) != (caller, bound):
            yield role, trusted
        own = users.get(role, {})
        tag = "".join(each["Value"] for each in made.get("Tags", []))
        found = {
            f"{what} {place.replace(TAG, tag)}"
            for who, what, place, _ in rights(stack)
            if who == role and what.startswith(("logs:", "ec2:"))
        }
        group = stack.properties(own.get("LoggingConfig", {}).get("LogGroup", ""))
        place = f"{LOG}{group.get('LogGroupName')}:*"
        writes = ("CreateLogStream", "PutLogEvents") if own else ()
        joins = policies.JOIN.split() if "VpcConfig" in own else ()
        delivers = policies.DELIVER.split() if role == "MachineRole" else ()
        wanted = {f"logs:{verb} {place}" for verb in writes}
        wanted |= {f"logs:{verb} *" for verb in delivers}
        if found != wanted | {f"ec2:{verb} *" for verb in joins}:
            yield role, found
    refusal = [e for e in stack.statements("NotifyRole") if e["Effect"] == "Deny"]
    inside = "VpcConfig" in functions["NotifyFunction"]
    if inside and [e.get("Condition") for e in refusal] != [ITS_CODE]:
        yield "notify's code may touch network interfaces"
