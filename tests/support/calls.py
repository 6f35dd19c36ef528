"""Calls of AWS as botocore makes them, and the rights that each call needs."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore import handlers, xform_name

from support.policies import Need

# Actions of S3 that are not named like their operation.
S3 = {
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
}
PREFIXES = {"stepfunctions": "states"}
LAMBDA = {"lambda:Invoke": "lambda:InvokeFunction"}
# The parameter that names the resource of a service's operations.
NAMED_BY = (
    *("executionArn", "stateMachineArn", "SecretId"),
    *("QueueUrl", "StackName", "FunctionName"),
)
TASKS = ("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat")
LISTS = (
    "DescribeAlarms",
    "GetMetricData",
    "GetQueryResults",
)  # of every resource of the account


@dataclass
class Recorded:
    """Needs of the calls that were made, with ARNs of this place given other names."""

    names: Mapping[str, str]
    needs: list[Need] = field(default_factory=list)

    def add(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Keep the needs of one call."""
        found = _of_s3 if service == "s3" else _of_others
        for need in found(f"{PREFIXES.get(service, service)}:{operation}", params):
            context = {key: self._named(text) for key, text in need.context.items()}
            self.needs.append(Need(need.action, self._named(need.resource), context))

    def _named(self, text: str) -> str:
        for here, name in self.names.items():
            text = text.replace(here, name)
        return text


def _of_s3(action: str, params: Mapping[str, Any]) -> Iterator[Need]:
    operation = action.removeprefix("s3:")
    action = f"s3:{S3.get(operation, operation)}"
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    place = f"{bucket}/{params['Key']}" if "Key" in params else bucket
    version = "Version" if params.get("VersionId") else ""
    match operation:
        case "ListObjectsV2":
            yield Need(action, place, {"s3:prefix": params.get("Prefix", "")})
        case "HeadObject" | "GetObject":
            yield Need(f"s3:GetObject{version}", place)
            # Without the right to list, a missing key looks like a forbidden key.
            yield Need("s3:ListBucket", bucket)
        case "DeleteObject":
            matched = {"s3:if-match": params["IfMatch"]} if "IfMatch" in params else {}
            yield Need(f"{action}{version}", place, matched)
            if matched:
                yield Need("s3:GetObject", place)
        case "CopyObject":
            source = params["CopySource"]
            if isinstance(source, str):  # as botocore writes the header
                path, _, version = source.partition("?versionId=")
            else:
                path, version = f"{source['Bucket']}/{source['Key']}", "Version"
            read = "s3:GetObjectVersion" if version else "s3:GetObject"
            yield Need(read, f"arn:aws:s3:::{path}")
            yield Need("s3:PutObject", place, {"s3:x-amz-copy-source": path})
        case "CreateBucket":
            pass  # botocore looks up the address of a signed form; no call is made
        case _:
            yield Need(action, place)


def _of_others(action: str, params: Mapping[str, Any]) -> Iterator[Need]:
    operation = action.partition(":")[2]
    if operation in TASKS:
        yield Need(action, "the machine of the token")
    elif operation in LISTS:
        yield Need(action, "*")
    elif operation == "StartQuery":
        for name in params["logGroupNames"]:
            yield Need(action, f"log-group:{name}")
    else:
        named = next((params[name] for name in NAMED_BY if name in params), None)
        yield Need(LAMBDA.get(action, action), str(named or params["Name"]))


@contextmanager
def recording(names: Mapping[str, str], **fakes: Any) -> Iterator[list[Need]]:
    """Record the calls of every session that is made meanwhile.

    A fake answers the calls of its service, which botocore's events name.
    """
    recorded, asked = Recorded(names), deque[dict[str, Any]](maxlen=1)

    def record(params: Mapping[str, Any], model: Any, **_rest: Any) -> None:
        asked.append(dict(params))
        recorded.add(model.service_model.service_name, model.name, asked[0])

    def answerer(fake: Any) -> Callable[..., Any]:
        def answer(model: Any, **_rest: Any) -> Any:
            done = getattr(fake, xform_name(model.name))(**asked[0])
            return SimpleNamespace(status_code=200), done or {}

        return answer

    # First of all hooks: botocore's own ones rewrite parameters.
    hooks: list[tuple[str, Callable[..., Any]]] = [("before-parameter-build", record)]
    hooks += [(f"before-call.{name}", answerer(fake)) for name, fake in fakes.items()]
    handlers.BUILTIN_HANDLERS[:0] = hooks
    try:
        yield recorded.needs
    finally:
        del handlers.BUILTIN_HANDLERS[: len(hooks)]
