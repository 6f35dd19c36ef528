"""Run the stage images in a container engine, as Lambda would."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waveflow_local.demo.invoke import local_template

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
# Lambda's limits: an unprivileged user, no capabilities, writing to /tmp only.
LIKE_LAMBDA = (
    *("--read-only", "--tmpfs", "/tmp:size=512m"),  # noqa: S108 - in the container
    *("--user", "993:990", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
# A shell's background programs ignore Ctrl-C, and hand that down to their children.
_HEARING_CTRL_C = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
_SAM_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "SAM_CLI_TELEMETRY": "0",
}
_EMULATOR = "/var/rapid/aws-lambda-rie"
_READY_S = 300.0  # sam first adds the emulator to every image
_SERVES_S = 60.0


def missing() -> str | None:
    """Return the reason why images cannot run here, or None."""
    if "WAVEFLOW_SAM" not in os.environ:
        return "`make test-images` builds the images and runs this"
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return None if asked.returncode == 0 else "no container engine answers"


def architecture() -> str:
    """Return the processor architecture of the built images."""
    return os.environ.get("WAVEFLOW_ARCHITECTURE", "x86_64")


def gateway() -> str:
    """Return the address under which containers reach this machine."""
    command = ["docker", "network", "inspect", "bridge", "--format"]
    return _output([*command, "{{(index .IPAM.Config 0).Gateway}}"])


def size_bytes(image: str) -> int:
    """Return an image's size."""
    return int(_output(["docker", "inspect", "--format", "{{.Size}}", image]))


def layers(image: str) -> list[str]:
    """Return the digests of an image's layers."""
    command = ["docker", "inspect", "--format", "{{json .RootFS.Layers}}", image]
    return list(json.loads(_output(command)))


def image(logical_id: str) -> str:
    """Return the name that `sam build` gives a function's image."""
    stage = re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id.removesuffix("Function"))
    return f"{logical_id.lower()}:{stage.lower()}"


class Sam:
    """SAM's local commands on the built template, with the engine's addresses."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.template = folder / "template.yaml"
        self.variables = folder / "variables.json"
        self.environment = environment
        text = local_template(BUILT.read_text("utf-8"), folder=BUILT.parent)
        self.template.write_text(text, "utf-8")
        self.variables.write_text(json.dumps({"Parameters": environment}), "utf-8")

    @contextlib.contextmanager
    def endpoint(self, port: int, log: Path) -> Iterator[None]:
        """Run `sam local start-lambda` with a warm container for every function."""
        command = [
            *("local", "start-lambda", "--port", str(port)),
            *("--warm-containers", "EAGER"),
        ]
        with log.open("wb") as out, self._start(command, out) as process:
            try:
                _until_listening(port, process)
                yield
            finally:
                # SAM removes its containers on Ctrl-C only.
                os.killpg(process.pid, signal.SIGINT)
                process.wait(_READY_S)

    def _arguments(self, command: list[str]) -> list[str]:
        return [
            *shlex.split(os.environ["WAVEFLOW_SAM"]),
            *command,
            *("--template", str(self.template), "--env-vars", str(self.variables)),
            *("--add-host", "host.docker.internal:host-gateway"),
            *("--region", "ap-northeast-2", "--skip-pull-image"),
            *("--parameter-overrides", f"Architecture={architecture()}"),
        ]

    def _start(self, command: list[str], out: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", _HEARING_CTRL_C, *self._arguments(command)],
            stdout=out,
            stderr=out,
            env={**os.environ, **_SAM_SETTINGS},
            start_new_session=True,
        )


def make_invoke(*words: str) -> Any:
    """Run `make invoke`'s program with some words, and return the stage's answer."""
    program = [str(Path(sys.executable).with_name("waveflow")), "invoke", *words]
    command = [*program, "--built", str(BUILT.parent)]
    done = _output(command, env={**os.environ, **_SAM_SETTINGS})
    return json.loads(done.splitlines()[-1])


def python(logical_id: str, program: str, *words: str, env: dict[str, str]) -> str:
    """Run a Python program in an image, confined as on Lambda; return its output."""
    settings = [part for k, v in env.items() for part in ("--env", f"{k}={v}")]
    command = [*LIKE_LAMBDA, *settings, "--entrypoint", "python", image(logical_id)]
    return _output(["docker", "run", "--rm", *command, "-c", program, *words])


def invoke_like_lambda(logical_id: str, event: Path, *, env: dict[str, str]) -> Any:
    """Invoke a function once in a container that is confined as on Lambda."""
    # `sam local` leaves an image of the stage with Lambda's emulator on top.
    emulated = f"{image(logical_id).partition(':')[0]}:rapid-{architecture()}"
    settings = [part for k, v in env.items() for part in ("--env", f"{k}={v}")]
    command = ["python", "-m", "awslambdaric", "app.lambda_handler"]
    with confined([*settings, "--entrypoint", _EMULATOR, emulated, *command]) as url:
        path = "2015-03-31/functions/function/invocations"
        return _post(f"{url}/{path}", event.read_bytes())


@contextlib.contextmanager
def confined(arguments: list[str]) -> Iterator[str]:
    """Run a container confined as on Lambda, and yield the URL of its port."""
    started = _output(
        [
            *("docker", "run", "--detach", "--publish", "127.0.0.1::8080"),
            *("--add-host", "host.docker.internal:host-gateway", "--memory", "1769m"),
            *LIKE_LAMBDA,
            *arguments,
        ]
    )
    try:
        where = _output(["docker", "port", started, "8080/tcp"]).splitlines()[0]
        yield f"http://{where}"
    finally:
        subprocess.run(["docker", "rm", "-f", started], capture_output=True, check=True)


def status_of(url: str) -> int:
    """Return the HTTP status of a server's answer, once the server listens."""
    until = time.monotonic() + _SERVES_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_SERVES_S) as answer:  # noqa: S310 - loopback
                return int(answer.status)
        except urllib.error.HTTPError as exc:
            return exc.code
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _post(url: str, body: bytes) -> Any:
    until = time.monotonic() + _READY_S
    while True:
        try:
            with urllib.request.urlopen(url, body, timeout=_READY_S) as answer:  # noqa: S310 - loopback
                return json.loads(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        assert process.poll() is None, "start-lambda ended; see its log"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.2)
    raise TimeoutError("start-lambda did not begin to listen.")


def _output(command: list[str], *, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env=env, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
