"""States for the machines of the engine's tests."""

from typing import Any

FUNCTION = "arn:aws:lambda:ap-northeast-2:123456789012:function:EchoFunction"
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT = f"{INVOKE}.waitForTaskToken"


def task(resource: str = INVOKE, **fields: Any) -> dict[str, Any]:
    """Return a task state that hands its input, and its token, to the echo function."""
    payload: dict[str, Any] = {"data": "{% $states.input %}"}
    if resource == WAIT:
        payload["token"] = "{% $states.context.Task.Token %}"
    if "Next" not in fields:
        fields["End"] = True
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": {"FunctionName": FUNCTION, "Payload": payload},
        **fields,
    }
