"""Read errors as Step Functions names them: by code and by one sentence."""

import msgspec

from waveflow import errors
from waveflow.events.fields import JsonObject

ERRORS: dict[str, type[errors.WaveflowError]] = {
    kind.__name__: kind for kind in errors.WaveflowError.__subclasses__()
}
# Lambda's names for a function that is asleep, or not ready for another reason.
_NOT_READY = {
    "Lambda.CodeArtifactUserDeletedException",
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.ENINotReadyException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SubnetIPAddressLimitReachedException",
}
# Names for a function that memory, time, a sandbox or too many calls ended.
_STOPPED_FROM_OUTSIDE = {
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.TaskFailed",
    "States.Timeout",
}
_NOT_READY_SENTENCE = "A function of WaveFlow was not ready for five minutes."


def code_of(error: str) -> str:
    """Return the error code for an error's class name in Step Functions."""
    if error in ERRORS:
        return ERRORS[error].code
    if error in _NOT_READY | _STOPPED_FROM_OUTSIDE:
        return errors.ResourceLimitError.code
    return errors.InternalError.code


def sentence_of(error: JsonObject) -> str:
    """Return the sentence about a failed state's `Error` and `Cause`."""
    if error.get("Error") in _NOT_READY:
        return _NOT_READY_SENTENCE
    return message_of(str(error.get("Cause") or ""))


def message_of(cause: str) -> str:
    """Return a failed Lambda's error message, read from Step Functions' cause."""
    try:
        decoded = msgspec.json.decode(cause)
    except msgspec.DecodeError:
        return cause
    message = decoded.get("errorMessage") if isinstance(decoded, dict) else None
    return message if isinstance(message, str) else cause
