"""Check the settings that guard an S3 bucket: access, encryption, lifecycle."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from waveflow_local.ops.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

Configuration = TypeVar("Configuration")
TLS = "aws:SecureTransport"
BLOCKS = (
    *("BlockPublicAcls", "BlockPublicPolicy"),
    *("IgnorePublicAcls", "RestrictPublicBuckets"),
)


def access(stack: Stack) -> str | None:
    """Return which guard against public access or plain HTTP is missing, or None."""
    bucket, s3 = stack.parts.bucket, stack.s3
    blocked = _unless_absent(
        lambda: s3.get_public_access_block(Bucket=bucket),
        "NoSuchPublicAccessBlockConfiguration",
    )
    block = blocked["PublicAccessBlockConfiguration"] if blocked else {}
    if not all(block.get(name) for name in BLOCKS):
        return "public access is not blocked"
    policy = _unless_absent(
        lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy"
    )
    if policy is None or not _denies_plain_http(policy["Policy"]):
        return "no policy denies requests without TLS"
    return None


def _denies_plain_http(policy: str) -> bool:
    return any(
        str(each.get("Condition", {}).get("Bool", {}).get(TLS)).lower() == "false"
        for each in json.loads(policy)["Statement"]
        if each["Effect"] == "Deny"
    )


def encryption(stack: Stack) -> str | None:
    """Return which bucket encryption the stack's roles cannot use, or None."""
    answer = _unless_absent(
        lambda: stack.s3.get_bucket_encryption(Bucket=stack.parts.bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    if answer is None:
        return None
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        kind = rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm")
        if kind not in {"AES256", None}:
            return f"encrypted by {kind}; the stack's roles know only SSE-S3 (AES256)"
    return None


def lifecycle(stack: Stack) -> str | None:
    """Return which lifecycle rule deletes uploads, or keeps them too short; or None."""
    answer = _unless_absent(
        lambda: stack.s3.get_bucket_lifecycle_configuration(Bucket=stack.parts.bucket),
        "NoSuchLifecycleConfiguration",
    )
    rules = answer["Rules"] if answer else []
    enabled = [rule for rule in rules if rule["Status"] == "Enabled"]
    meant = [rule for rule in enabled if _covers_uploads(stack, rule)]
    return next(_faults(meant, days=stack.parts.quarantine_days), None)


def _faults(rules: "list[LifecycleRuleOutputTypeDef]", *, days: int) -> Iterator[str]:
    for rule in rules:
        name, expiration = rule.get("ID", "a rule"), rule.get("Expiration", {})
        if {"Days", "Date"} & set(expiration):
            yield f"{name} deletes uploads that nobody has deleted"
        kept = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", days)
        if kept < days:
            yield f"{name} keeps deleted uploads for {kept} days, not for {days}"
    if not any("NoncurrentVersionExpiration" in rule for rule in rules):
        yield "deleted uploads are kept, and paid for, for ever"


def _covers_uploads(stack: Stack, rule: "LifecycleRuleOutputTypeDef") -> bool:
    """Tell whether a bucket's lifecycle rule applies to uploads."""
    chosen = rule.get("Filter", {})
    both = chosen.get("And", {})
    prefix = rule.get("Prefix") or both.get("Prefix") or chosen.get("Prefix") or ""
    return any(
        allowed.startswith(prefix) or prefix.startswith(allowed)
        for allowed in stack.parts.allowed_prefixes
    )


def _unless_absent(ask: Callable[[], Configuration], code: str) -> Configuration | None:
    """Return a bucket's setting, or None where S3 says that none is configured."""
    try:
        return ask()
    except ClientError as exc:
        if exc.response["Error"]["Code"] != code:
            raise
        return None
