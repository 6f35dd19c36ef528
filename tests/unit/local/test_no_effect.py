"""Refuse options of the pipeline's commands that have no effect where they stand."""

import pytest
from click.testing import CliRunner
from waveflow_local.cli.app import app
from waveflow_local.paths import LocalError, UsageMistakeError


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "up --no-api --require-token",
            "--require-token has no effect beside --no-api.",
        ),
        ("up --no-api --api-port 8000", "--api-port has no effect beside --no-api."),
        (
            "up --server --webhook-url http://127.0.0.1:3000/webhook",
            "--server has no effect beside --webhook-url.",
        ),
        (
            "up --verdict-mode message --verdict-timeout 60",
            "--verdict-timeout has no effect beside --verdict-mode message.",
        ),
        (
            "ops status x --days 3 --stack local",
            "--days has no effect beside --stack local.",
        ),
        (
            "ops smoke --token x --stack local",
            "--token has no effect beside --stack local.",
        ),
    ],
)
def test_an_option_without_an_effect_is_refused_by_name(line, said):
    """A developer would believe that a page asks for a token while no page runs."""
    ended = CliRunner().invoke(app, line.split())

    assert ended.exit_code == 2
    assert said in ended.output


@pytest.mark.parametrize("address", ["nonsense", "localhost:3000", "ftp://x/"])
def test_a_webhook_address_that_is_none_is_refused(address):
    """A typing error would become webhooks that nobody ever gets."""
    ended = CliRunner().invoke(app, ["up", "--webhook-url", address])

    assert isinstance(ended.exception, UsageMistakeError)
    assert f"{address!r} is no address" in str(ended.exception)


def test_redrive_without_a_choice_is_a_wrong_line():
    """A script must tell a forgotten --error from executions that cannot be run."""
    ended = CliRunner().invoke(app, ["ops", "redrive"])

    assert isinstance(ended.exception, UsageMistakeError)
    assert "--error or --since" in str(ended.exception)


@pytest.mark.parametrize("options", ["--data {file}", "--env-file {folder}"])
def test_a_place_that_cannot_be_written_is_one_line_at_once(options, tmp_path):
    """A developer must not wait for the engine to read that a path is wrong."""
    file = tmp_path / "song.wav"
    file.touch()
    line = options.format(file=file, folder=tmp_path)

    ended = CliRunner().invoke(app, ["up", "--data", str(tmp_path), *line.split()])

    assert isinstance(ended.exception, LocalError)
    assert str(tmp_path) in str(ended.exception)
    assert ended.output == ""
