"""Serve Lambda's Invoke API, in this process or by another endpoint."""

import json
import re
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote
from urllib.request import ProxyHandler, Request, build_opener

from waveflow_local.engine.handlers import Handlers, InvokeResult
from waveflow_local.engine.moto import patches
from waveflow_local.engine.sleep import ASLEEP, ASLEEP_PATH, WAKING, Sleep

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_INVOKE = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations/?$")
_FORWARD_TIMEOUT_S = 900.0  # Lambda's longest time-out


class Invoker(Protocol):
    """Run Lambda functions by their names: in this process, or behind an endpoint."""

    def invoke(self, name: str, event: bytes) -> InvokeResult:
        """Run one Lambda function with a JSON event and return its result."""

    def __contains__(self, name: object) -> bool:
        """Tell whether a Lambda function of that name exists."""


class LambdaEndpoint:
    """Run Lambda functions behind an endpoint, such as `sam local start-lambda`."""

    def __init__(self, url: str, handlers: Handlers) -> None:
        self._url = url.rstrip("/")
        self._handlers = handlers
        # The endpoint is near; a proxy of the environment must not see it.
        self._opener = build_opener(ProxyHandler({}))

    def __contains__(self, name: object) -> bool:
        """Tell whether the template deploys a Lambda function of that name."""
        return name in self._handlers

    def invoke(self, name: str, event: bytes) -> InvokeResult:
        """Forward one invocation to the Lambda endpoint and return the result."""
        path = f"/2015-03-31/functions/{quote(name)}/invocations"
        # The URL is the developer's own setting.
        request = Request(self._url + path, data=event, method="POST")  # noqa: S310
        try:
            with self._opener.open(request, timeout=_FORWARD_TIMEOUT_S) as response:
                payload = response.read()
                failed = response.headers.get("X-Amz-Function-Error") is not None
        except (HTTPError, URLError, OSError) as exc:
            error = {
                "errorType": "Lambda.SdkClientException",
                "errorMessage": f"{self._url}: {exc}",
            }
            return InvokeResult(json.dumps(error).encode(), failed=True)
        return InvokeResult(payload, failed or _looks_failed(payload))


class LambdaApi:
    """Answer Lambda invocations, and pass every other AWS request to moto."""

    def __init__(self, application: "WSGIApplication", invoker: Invoker) -> None:
        self._application = application
        self._invoker = invoker
        self._sleep = Sleep(patches.scaled)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one HTTP request: an invocation of Lambda, or any call for moto."""
        path = environ.get("PATH_INFO", "")
        if path == ASLEEP_PATH:
            return self._put_to_sleep(environ, start_response)
        match = _INVOKE.match(path)
        if match is None:
            return self._application(environ, start_response)
        name = _function_name(unquote(match[1]))
        if name not in self._invoker:
            return _refuse(
                start_response,
                "404 Not Found",
                error="ResourceNotFoundException",
                message=f"Function not found: {name}",
            )
        if self._sleep.rejects(name):
            return _refuse(start_response, "409 Conflict", error=ASLEEP, message=WAKING)
        return self._invoke(name, environ, start_response)

    def _put_to_sleep(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let every function sleep by PUT, which no page of another origin can send."""
        if environ["REQUEST_METHOD"] != "PUT":
            start_response("405 Method Not Allowed", [("Content-Length", "0")])
            return []
        self._sleep.begin()
        start_response("204 No Content", [])
        return []

    def _invoke(
        self, name: str, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        answer = self._invoker.invoke(name, environ["wsgi.input"].read(length))
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer.payload))),
            ("X-Amz-Executed-Version", "$LATEST"),
        ]
        if answer.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        start_response("200 OK", headers)
        return [answer.payload]


def _function_name(name_or_arn: str) -> str:
    """Return the Lambda function's name in an ARN, or the name itself."""
    parts = name_or_arn.split(":")
    return parts[6] if parts[0] == "arn" else parts[0]


def _looks_failed(payload: bytes) -> bool:
    """Tell whether a Lambda payload is an error; SAM's emulator sends no header."""
    try:
        document = json.loads(payload)
    except ValueError:
        return False
    return isinstance(document, dict) and "errorType" in document


def _refuse(
    start_response: "StartResponse", status: str, *, error: str, message: str
) -> Iterable[bytes]:
    """Answer an invocation by an error of Lambda itself, with AWS's headers."""
    body = json.dumps({"Type": "User", "Message": message}).encode()
    start_response(
        status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("X-Amzn-ErrorType", error),
            ("X-Amzn-RequestId", str(uuid.uuid4())),
        ],
    )
    return [body]
