"""Run images by `sam local`, one or all, against a running `waveflow up`."""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from waveflow_local.demo.invoke_events import Events
from waveflow_local.demo.stages import EVERY_STAGE
from waveflow_local.demo.stems import write_stems
from waveflow_local.engine.clients import Clients
from waveflow_local.engine.forward import forwarded
from waveflow_local.engine.template import local_name
from waveflow_local.ops.faults import aws_faults_as_lines
from waveflow_local.ops.stack import ask_engine
from waveflow_local.paths import LocalError, UsageMistakeError

# SAM passes only those variables to a function that the template declares.
_LOCAL_VARIABLES = ("AWS_ENDPOINT_URL", "WAVEFLOW_LOCAL")
_FIRST_VARIABLE = re.compile(r"(?m)^ {8}POWERTOOLS_LOG_LEVEL:")
_IN_A_CONTAINER = "host.docker.internal"
_QUICKLY_S = 30


def local_template(text: str, *, folder: Path) -> str:
    """Return a built SAM template whose functions take the variables of local runs."""
    declared = "\n".join(f"{' ' * 8}{name}: unset" for name in _LOCAL_VARIABLES)
    text, count = _FIRST_VARIABLE.subn(f"{declared}\n\\g<0>", text)
    if count != 1:
        raise LocalError("The built template is of another WaveFlow; `make images`.")
    return text.replace("DefinitionUri: ", f"DefinitionUri: {folder}/")


@dataclass(frozen=True)
class InvokeOptions:
    """Hold the options of `waveflow invoke`."""

    stage: str
    file: Path | None
    endpoint: str
    webhook_url: str | None
    built: Path
    out: Path


def run_image(options: InvokeOptions) -> int:
    """Run one stage's image on an event about a file, or serve all; return SAM's code.

    Without a file the event is about made drums.
    """
    engine, out = options.endpoint, options.out
    if options.file is not None and options.stage == EVERY_STAGE:
        raise UsageMistakeError(f"FILE has no effect beside {EVERY_STAGE}.")
    webhook_url = ask_engine(engine)
    clients = Clients(engine)
    with aws_faults_as_lines():
        name = local_name("WebhookSecret")
        secret = clients.secrets.describe_secret(SecretId=name)["ARN"]
    gateway = _gateway()
    words = _prepared(clients, options)
    told_at = options.webhook_url or webhook_url
    with _reachable(gateway, engine) as aws, _reachable(gateway, told_at) as told:
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "WAVEFLOW_LOCAL": "1",
            "WEBHOOK_URL": told,
            "BUCKET_NAME": local_name("Bucket"),
            "WEBHOOK_SECRET_ARN": secret,
        }
        (out / "env.json").write_text(json.dumps({"Parameters": environment}, indent=2))
        return _run(words, out)


def _prepared(clients: Clients, options: InvokeOptions) -> list[str]:
    """Write the template and the event for SAM, and return SAM's first words."""
    built, out = options.built, options.out
    if not (built / "template.yaml").exists():
        raise LocalError(f"{built} holds no built images; `make images` builds them.")
    out.mkdir(parents=True, exist_ok=True)
    words = _words(clients, options)
    text = (built / "template.yaml").read_text("utf-8")
    (out / "template.yaml").write_text(local_template(text, folder=built.resolve()))
    return words


def _gateway() -> str:
    """Ask Docker for the address at which containers reach this machine."""
    command = ["docker", "network", "inspect", "bridge", "--format"]
    command.append("{{(index .IPAM.Config 0).Gateway}}")
    try:
        asked = subprocess.run(
            command, capture_output=True, check=True, timeout=_QUICKLY_S, text=True
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise LocalError(
            "No container engine answers; `make invoke` needs a running Docker."
        ) from exc
    return asked.stdout.strip()


def _words(clients: Clients, options: InvokeOptions) -> list[str]:
    """Write a stage's event where SAM takes one, and return SAM's first words."""
    stage = options.stage
    if stage == EVERY_STAGE:
        return [EVERY_STAGE]
    with _audio(options.file) as audio:
        event = Events(clients, audio).event(stage)
    path = options.out / f"{stage}.json"
    path.write_text(json.dumps(event, indent=2, ensure_ascii=False), "utf-8")
    function = "".join(word.title() for word in stage.split("_")) + "Function"
    return ["invoke", function, "-e", str(path)]


@contextlib.contextmanager
def _audio(file: Path | None) -> Iterator[Path]:
    if file is not None:
        if not file.is_file():
            raise LocalError(f"There is no file {file}.")
        yield file
        return
    with TemporaryDirectory(prefix="waveflow-") as folder:
        yield write_stems(Path(folder))[0]


@contextlib.contextmanager
def _reachable(gateway: str, url: str) -> Iterator[str]:
    """Yield the URL under which a container reaches a server, here or elsewhere."""
    parts = urlsplit(url)
    if not _is_loopback(parts.hostname or ""):
        yield url
        return
    port = parts.port or 80
    with contextlib.ExitStack() as stack:
        # Docker Desktop has the gateway in its own machine, and forwards by itself.
        with contextlib.suppress(OSError):
            port = stack.enter_context(forwarded(gateway, port))
        yield parts._replace(netloc=f"{_IN_A_CONTAINER}:{port}").geturl()


def _is_loopback(host: str) -> bool:
    """Tell whether a host's name or address means this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(words: Sequence[str], out: Path) -> int:
    """Print a command of `sam local`, run the command, and return its exit code."""
    command = [
        *(*shlex.split(os.environ.get("WAVEFLOW_SAM", "sam")), "local", *words),
        *("--env-vars", str(out / "env.json"), "-t", str(out / "template.yaml")),
        *("--add-host", f"{_IN_A_CONTAINER}:host-gateway", "--skip-pull-image"),
        *("--region", "ap-northeast-2", "--parameter-overrides"),
        f"Architecture={os.environ.get('WAVEFLOW_ARCHITECTURE', 'x86_64')}",
    ]
    print(shlex.join(command), flush=True)
    own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    try:
        process = subprocess.Popen(command, env={**os.environ, **own})
    except OSError as exc:
        raise LocalError(f"{command[0]} cannot be run: {exc.strerror}.") from exc
    # Ctrl-C reaches SAM too, which then removes its containers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return process.wait()
