"""Keep the local pipeline running until Ctrl-C, for a back-end developer."""

import contextlib
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from waveflow_local import paths
from waveflow_local.console.api_process import ApiProcess
from waveflow_local.console.place import Place
from waveflow_local.engine.handlers import functions_log
from waveflow_local.engine.history import running, see
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.engine.quotas import Throttle
from waveflow_local.engine.reads import ReadFaults
from waveflow_local.files.writing import check_outputs, make_folder, write_whole
from waveflow_local.ops.whereabouts import explain
from waveflow_local.standin.answers import VerdictMode
from waveflow_local.standin.server import StandIn

OWN_SERVER_URL = "http://127.0.0.1:3000/webhook"  # NestJS listens on port 3000
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class UpOptions:
    """Hold the options of `waveflow up`."""

    port: int = paths.DEFAULT_PORT
    standin: bool = True
    webhook_url: str | None = None
    verdict_mode: VerdictMode = "callback"
    verdict_timeout_s: int = 900
    retry_scale: float = 0.02
    stale_s: float = 0
    quotas: bool = False
    data: Path = Path("out/up")
    env_file: Path | None = None
    api: bool = True
    api_port: int | None = None
    require_token: bool = False


def up(options: UpOptions, *, out: IO[str]) -> None:
    """Start pipeline and API, print what a server needs, and wait for Ctrl-C."""
    # A shell's background job ignores SIGINT until told otherwise.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    make_folder(options.data)
    check_outputs(options.env_file, inputs=[])
    with contextlib.ExitStack() as stack:
        stack.enter_context(functions_log(options.data / "functions.log"))
        standin = _standin(options)
        if standin is not None:
            stack.enter_context(standin)
        url = standin.url if standin else options.webhook_url or OWN_SERVER_URL
        log = ExecutionLog(out)
        pipeline = stack.enter_context(Pipeline(_settings(options, url), log.started))
        api = _api(options, pipeline, standin)
        if api is not None:
            stack.enter_context(api)
        pipeline.warm()
        if standin is not None:
            standin.answers.clients = pipeline.clients
            standin.answers.queue_url = pipeline.deployment.queue_url
        block = env_block(pipeline, url)
        print(block, file=out)
        if options.env_file is not None:
            write_whole(options.env_file, block + "\n")
        if api is not None:
            _introduce(api.url(), options, pipeline, out=out)
        print("ready", file=out, flush=True)
        while True:
            time.sleep(_LOOK_EVERY_S)
            log.look(pipeline)
            if api is not None:
                api.revive(out)


def env_block(pipeline: Pipeline, webhook_url: str) -> str:
    """Return the lines for a NestJS server's .env file."""
    values = {
        "AWS_ENDPOINT_URL": pipeline.endpoint,
        "AWS_REGION": paths.REGION,
        "AWS_ACCESS_KEY_ID": paths.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": paths.SECRET_KEY,
        "SQS_QUEUE_URL": pipeline.deployment.queue_url,
        "S3_BUCKET_NAME": pipeline.deployment.bucket,
        "STATE_MACHINE_ARN": pipeline.deployment.machine_arn,
        "WEBHOOK_URL": webhook_url,
        "WEBHOOK_SECRET": paths.WEBHOOK_SECRET,
    }
    return "\n".join(_assigned(values))


def _introduce(
    url: str, options: UpOptions, pipeline: Pipeline, *, out: IO[str]
) -> None:
    """Print what the API's callers need; let their pages read the bucket."""
    from waveflow_local.console.api_server import allowed_origins

    if options.require_token:
        pipeline.allow_origins(allowed_origins(url))
    print(api_block(url, require_token=options.require_token), file=out)


def api_block(url: str, *, require_token: bool) -> str:
    """Return lines for the API's callers: URL, bearer token, signing key and page.

    A page that needs the token gets the token behind `#`, which no server sees.
    """
    from waveflow.api.bootstrap import LOCAL_OWNER

    from waveflow_local.console.api_server import page_origin
    from waveflow_local.console.dev_tokens import development_token

    token = development_token(LOCAL_OWNER)
    values = {
        "WAVEFLOW_API_URL": url,
        "WAVEFLOW_API_TOKEN": token,
        "WAVEFLOW_EXTERNAL_SECRET": paths.EXTERNAL_SECRET,
    }
    page = f"{url}/"
    if require_token:
        page = f"{page_origin(url)}/#api={url}&token={token}"
    return "\n".join([*_assigned(values), f"# page: {page}"])


def _assigned(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


class ExecutionLog:
    """Print one line when an execution starts, and one when that execution ends."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._open: dict[str, str] = {}
        self._lock = threading.Lock()

    def started(self, message_id: str, arn: str) -> None:
        """Print a line about an execution that the pipe has started."""
        with self._lock:
            self._open[arn] = message_id
        print(f"{_short(arn)} started by message {message_id}", file=self._out)
        self._out.flush()

    def look(self, pipeline: Pipeline) -> None:
        """Print the executions that have ended since the last call."""
        with self._lock:
            arns = list(self._open)
        if not arns:
            return
        sfn = pipeline.clients.sfn
        # A history costs the engine as much as a state, so only ended ones are read.
        still_running = running(sfn, pipeline.deployment.machine_arn)
        for arn in arns:
            if arn in still_running:
                continue
            seen = see(sfn, arn)
            if seen.running:
                continue
            path = " > ".join(state.name for state in seen.states)
            line = f"{_short(arn)} {seen.status} in {seen.seconds:.2f} s: {path}"
            print(f"{line}; {explain(seen)}", file=self._out, flush=True)
            with self._lock:
                del self._open[arn]


def _settings(options: UpOptions, webhook_url: str) -> Settings:
    return Settings(
        webhook_url=webhook_url,
        port=options.port,
        retry_scale=options.retry_scale,
        reads=ReadFaults(options.stale_s, Throttle() if options.quotas else None),
        parameters={
            "VerdictMode": options.verdict_mode,
            "VerdictTimeoutSeconds": str(options.verdict_timeout_s),
        },
    )


def _api(
    options: UpOptions, pipeline: Pipeline, standin: StandIn | None
) -> ApiProcess | None:
    if not options.api:
        return None
    return ApiProcess(
        Place(
            endpoint=pipeline.endpoint,
            port=options.api_port,
            standin_url=standin.url if standin else "",
            verdict_timeout_s=options.verdict_timeout_s,
            require_token=options.require_token,
        )
    )


def _standin(options: UpOptions) -> StandIn | None:
    if not options.standin or options.webhook_url is not None:
        return None
    port = options.port + 1 if options.port else 0
    return StandIn(port=port, data=options.data, mode=options.verdict_mode)


def _short(arn: str) -> str:
    return arn.rsplit(":", 1)[1][:8]
