"""Answer reads of Step Functions late or throttled, as AWS does and moto does not."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waveflow_local.engine.quotas import Throttle

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

OWN_AGENT = "waveflow-engine"  # the engine's own log of executions reads the truth
_SERVICE = "AWSStepFunctions."
_UNKNOWN = "ExecutionDoesNotExist"
_OF_THE_END = ("stopDate", "output", "outputDetails", "error", "cause")
Answer = dict[str, Any]


@dataclass
class ReadFaults:
    """Hold which faults reads of Step Functions show; a test may change them.

    Reads are `stale_s` seconds old; `throttle` refuses what is above AWS's quotas.
    """

    stale_s: float = 0
    throttle: Throttle | None = None


class Reads:
    """Answer reads of Step Functions with faults; pass every other request on."""

    def __init__(
        self,
        application: "WSGIApplication",
        faults: ReadFaults,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._application = application
        self._faults = faults
        self._clock = clock

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request of AWS's API."""
        if OWN_AGENT in environ.get("HTTP_USER_AGENT", ""):
            return self._application(environ, start_response)
        api = str(environ.get("HTTP_X_AMZ_TARGET", "")).removeprefix(_SERVICE)
        throttle = self._faults.throttle
        if throttle is not None and not throttle.allows(api):
            return _refuse("ThrottlingException", start_response)
        age = _STALE.get(api)
        if age is None or self._faults.stale_s <= 0:
            return self._application(environ, start_response)
        return self._stale(environ, start_response, age)

    def _stale(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        age: "Age",
    ) -> Iterable[bytes]:
        """Answer a read with what was true `stale_s` seconds ago."""
        told: list[Any] = []
        chunks = self._application(environ, lambda *head: told.extend(head))  # type: ignore[arg-type] # nobody writes by the returned callable
        body = b"".join(chunks)
        status, headers = told[:2]
        if status.startswith("200"):
            then = self._clock() - self._faults.stale_s
            answer = age(json.loads(body), then)
            if answer is None:
                return _refuse(_UNKNOWN, start_response)
            body = json.dumps(answer).encode()
        kept = [each for each in headers if each[0].lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]


Age = Callable[[Answer, float], Answer | None]


def _describe_then(answer: Answer, then: float) -> Answer | None:
    """Return an execution as of a time in seconds; None before its start."""
    if answer["startDate"] > then:
        return None
    if answer.get("stopDate", 0) <= then:
        return answer
    running = {k: v for k, v in answer.items() if k not in _OF_THE_END}
    return running | {"status": "RUNNING"}


def _history_then(answer: Answer, then: float) -> Answer | None:
    """Return the events up to a time in seconds; None before the first event."""
    events = [each for each in answer["events"] if each["timestamp"] <= then]
    return answer | {"events": events} if events else None


def _list_then(answer: Answer, then: float) -> Answer:
    """Return the executions that had started at a time in seconds."""
    listed = [_describe_then(each, then) for each in answer["executions"]]
    return answer | {"executions": [each for each in listed if each is not None]}


_STALE: Mapping[str, Age] = {
    "DescribeExecution": _describe_then,
    "GetExecutionHistory": _history_then,
    "ListExecutions": _list_then,
}


def _refuse(error: str, start_response: "StartResponse") -> list[bytes]:
    body = json.dumps({"__type": error, "message": error}).encode()
    start_response(
        "400 Bad Request",
        [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(body))),
            ("X-Amzn-ErrorType", error),
        ],
    )
    return [body]
