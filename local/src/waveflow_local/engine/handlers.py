"""Run the handlers of functions/ in this process, as Lambda would run them."""

import contextlib
import importlib.util
import json
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Handler = Callable[[object, "Context"], object]


@dataclass(frozen=True)
class Context:
    """Give a handler Lambda's second argument, the context of an invocation."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    timeout_s: float
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group_name: str = "local"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left until the function's time-out."""
        left_s = self.timeout_s - (time.monotonic() - self.started)
        return max(0, int(left_s * 1000))


@dataclass(frozen=True)
class Function:
    """Describe one deployed Lambda function by its handler's file and its limits."""

    name: str
    arn: str
    path: Path
    memory_mb: int = 1769
    timeout_s: float = 900


@dataclass(frozen=True)
class InvokeResult:
    """Carry the response of Lambda's Invoke API: payload, and whether it failed."""

    payload: bytes
    failed: bool


class Handlers:
    """Load each function's handler at its first invocation, and run the handlers."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = dict(functions)
        self._loaded: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def __contains__(self, name: object) -> bool:
        """Tell whether a Lambda function of that name is deployed."""
        return name in self._functions

    def replace(self, name: str, handler: Handler) -> None:
        """Run `handler` in place of a Lambda function's own, as a fake for tests."""
        self._loaded[name] = handler

    def warm(self) -> None:
        """Import every Lambda function's handler before its first invocation."""
        for name in self._functions:
            self._load(name)

    def invoke(self, name: str, event: bytes) -> InvokeResult:
        """Run one Lambda function and return the response of Lambda's Invoke API."""
        function = self._functions[name]
        context = Context(name, function.arn, function.memory_mb, function.timeout_s)
        try:
            handler = self._load(name)
            result = handler(json.loads(event or b"{}"), context)
            payload = json.dumps(result, ensure_ascii=False).encode()
        # Lambda turns every exception of a handler into a payload.
        except Exception as exc:  # noqa: BLE001
            payload = json.dumps(_failure(exc, context)).encode()
            return InvokeResult(payload, failed=True)
        return InvokeResult(payload, failed=False)

    def _load(self, name: str) -> Handler:
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = _import_handler(self._functions[name])
            return self._loaded[name]


def _import_handler(function: Function) -> Handler:
    """Import one app.py under a name of its own; all are called `app` in images."""
    module_name = f"waveflow_functions.{function.path.parent.name}"
    spec = importlib.util.spec_from_file_location(module_name, function.path)
    if spec is None or spec.loader is None:
        raise ImportError(f"No module can be made of {function.path}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    handler: Handler = module.lambda_handler
    return handler


def _failure(exc: Exception, context: Context) -> dict[str, object]:
    """Return the error payload that Lambda's Python runtime makes of an exception."""
    return {
        "errorMessage": str(exc),
        "errorType": type(exc).__name__,
        "requestId": context.aws_request_id,
        "stackTrace": traceback.format_tb(exc.__traceback__),
    }


@contextlib.contextmanager
def functions_log(path: Path) -> Iterator[None]:
    """Write what the Lambda functions print to a file, as Lambda does to its log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("w", encoding="utf-8", buffering=1) as log,
        contextlib.redirect_stdout(log),
    ):
        yield
