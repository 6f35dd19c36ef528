"""Run the operator's commands against addresses where no AWS, or no engine, answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import HANGS_S, Program, free_port
from support.stack import ROOT

WAVEFLOW = str(Path(sys.executable).with_name("waveflow"))
NOBODY = "http://127.0.0.1:9"
NO_NAME = "http://no.such.host.invalid"
ON_AWS = {
    "AWS_DEFAULT_REGION": "ap-northeast-2",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": os.devnull,
}
REDRIVE = "redrive --error TIMED_OUT"
COMMANDS = ("health", "status x", "restore x", REDRIVE, "replay", "smoke")


@pytest.fixture(scope="module", name="printed")
def _printed(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Run `waveflow up` on free ports, and yield the settings that it prints."""
    folder = tmp_path_factory.mktemp("up")
    port = free_port()
    program = Program(
        [WAVEFLOW, "up", "--port", str(port), "--api-port", "0", "--data", "data"],
        log=folder / "log",
        env=dict(os.environ),
        cwd=folder,
    )
    try:
        program.wait_until(lambda: "\nready" in program.output)
        lines = program.output.splitlines()
        yield dict(line.split("=", 1) for line in lines if "=" in line)
    finally:
        program.stop()


def waveflow(line: str, **environment: str) -> tuple[int, str]:
    """Run a command; return its exit code and its errors, or its output."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    ended = subprocess.run(
        [WAVEFLOW, *line.split()],
        cwd=ROOT,
        env=bare | environment,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") <= 1
    return ended.returncode, ended.stderr or ended.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("address", [NOBODY, NO_NAME, "nonsense", "http://[::1"])
def test_an_address_where_nothing_answers_is_one_line(command, address):
    """An operator with a wrong AWS_ENDPOINT_URL must read why, not a traceback."""
    code, said = waveflow(f"ops {command}", **ON_AWS, AWS_ENDPOINT_URL=address)

    assert code == 1
    assert said.startswith(
        f"waveflow: The stack waveflow cannot be read at {address}: "
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_the_printed_settings_lead_to_the_local_stack(printed, command):
    """A developer who loads the printed .env has no stack of AWS to ask."""
    code, said = waveflow(f"ops {command}", **printed)

    engine = printed["AWS_ENDPOINT_URL"]
    assert code == 1
    assert said == f"waveflow: {engine} is a local engine: say --stack local.\n"


def test_health_asks_the_engine_that_the_settings_name(printed):
    """`ops health` must not speak of the usual port while the engine has another."""
    endpoint = {"AWS_ENDPOINT_URL": printed["AWS_ENDPOINT_URL"]}

    assert waveflow("ops health --stack local", **endpoint)[0] == 0
    code, said = waveflow("ops health --stack local", AWS_ENDPOINT_URL=NOBODY)
    assert code == 1
    assert said.startswith(f"waveflow: No local engine answers at {NOBODY}: start")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_company_s_proxy_is_not_asked_for_the_local_engine(printed, variable):
    """The proxy of a company knows no engine on this machine."""
    endpoint = {"AWS_ENDPOINT_URL": printed["AWS_ENDPOINT_URL"], variable: NOBODY}

    assert waveflow("ops health --stack local", **endpoint)[0] == 0
    assert waveflow("status x", **endpoint)[1] == "waveflow: No execution knows 'x'.\n"


@pytest.mark.parametrize("other", ["WAVEFLOW_API_URL", "WEBHOOK_URL"])
@pytest.mark.parametrize("command", ["ops health", "ops health --stack local"])
def test_another_server_is_not_taken_for_aws(printed, command, other):
    """A mistaken port, as the API's, must not end in a traceback of a parser."""
    address = printed[other].removesuffix("/webhook")

    code, said = waveflow(command, **ON_AWS, AWS_ENDPOINT_URL=address)

    assert code == 1
    assert address in said


@pytest.mark.parametrize(
    ("address", "code", "hint"),
    [
        (NOBODY, 1, f"No local engine answers at {NOBODY}: start `waveflow up`"),
        (NO_NAME, 1, f"No local engine answers at {NO_NAME}"),
        ("127.0.0.1:4566", 2, "'127.0.0.1:4566' is no address, as http://127.0.0.1"),
        ("http://127.0.0.1:99999", 2, "is no address"),
        ("http://[::1", 2, "is no address"),
    ],
)
@pytest.mark.parametrize("command", ["status x --endpoint", "api --port 0 --endpoint"])
def test_a_wrong_endpoint_is_one_line(command, address, code, hint):
    """A developer who mistypes the endpoint must not wait, or read a traceback."""
    ended, said = waveflow(f"{command} {address}")

    assert ended == code
    assert hint in said


def test_status_asks_the_engine_that_the_settings_name(printed):
    """`waveflow status` must find a stem of the engine whose .env is loaded."""
    code, said = waveflow("status x", AWS_ENDPOINT_URL=printed["AWS_ENDPOINT_URL"])

    assert (code, said) == (1, "waveflow: No execution knows 'x'.\n")
