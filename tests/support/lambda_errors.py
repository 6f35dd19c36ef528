"""Errors of Lambda's Invoke that pass by themselves, read from AWS's own model."""

import re
from typing import Any

from botocore.session import get_session

# Lambda answers with these statuses while a function is not ready, or Lambda is busy.
_PASSING_STATUS = {408, 409, 429}
_SERVER_STATUS = 500
_ASKS_TO_WAIT = re.compile(r"\b(wait|try the request again|throttled)\b", re.IGNORECASE)
# Errors of the same statuses that waiting mends not, each with the reason.
LASTING = {
    "a person must correct what the function was given": {
        "EC2AccessDeniedException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
    },
    "AWS asks for new code of the function": {"CodeArtifactUserFailedException"},
    "an image brings its own runtime": {
        "InvalidRuntimeException",
        "RuntimeAliasDeletedException",
        "RuntimeVersionDeletedException",
    },
}
# Errors of what a function must have in its properties before Lambda answers so.
FEATURES = {
    "FileSystemConfigs": {
        "EFSMountConnectivityException",
        "EFSMountTimeoutException",
        "S3FilesMountConnectivityException",
        "S3FilesMountTimeoutException",
    },
    "SnapStart": {
        "SnapStartNotReadyException",
        "SnapStartRegenerationFailureException",
        "SnapStartTimeoutException",
    },
    "DurableConfig": {"DurableExecutionAlreadyStartedException"},
}
EXCLUDED = {name for names in (*LASTING.values(), *FEATURES.values()) for name in names}


def _may_pass(shape: Any) -> bool:
    status = shape.metadata["error"]["httpStatusCode"]
    passing = status in _PASSING_STATUS or status >= _SERVER_STATUS
    return passing or bool(_ASKS_TO_WAIT.search(shape.documentation))


def _shapes() -> list[Any]:
    model = get_session().get_service_model("lambda")
    return list(model.operation_model("Invoke").error_shapes)


def invoke_errors() -> list[str]:
    """Return the names of all errors of Invoke."""
    return sorted(shape.name for shape in _shapes())


def may_pass() -> set[str]:
    """Return the errors of Invoke whose status or text says that they may pass."""
    return {shape.name for shape in _shapes() if _may_pass(shape)}


def passing() -> set[str]:
    """Return the errors that pass by themselves, as Step Functions names them."""
    return {f"Lambda.{name}" for name in may_pass() - EXCLUDED}


# Lambda's own trouble and back-pressure have rules of their own in the machine.
NOT_READY = sorted(
    passing() - {"Lambda.ServiceException", "Lambda.TooManyRequestsException"}
)
