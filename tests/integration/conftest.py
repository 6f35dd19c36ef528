"""A running pipeline for each test file about the machine's paths."""

import contextlib
import io
from collections.abc import Iterator

import pytest
from support.replay import disagreement
from support.world import World
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.standin.server import StandIn


@pytest.fixture(scope="module")
def verdict_timeout_s() -> int:
    """Return a time-out that the busiest machine does not reach."""
    return 900


@pytest.fixture(scope="module")
def world(verdict_timeout_s: int) -> Iterator[World]:
    """Run pipeline and stand-in with retries that wait 0.2 % of their time."""
    with contextlib.redirect_stdout(io.StringIO()), StandIn() as standin:
        started: dict[str, list[str]] = {}
        settings = Settings(
            webhook_url=standin.url,
            retry_scale=0.002,
            parameters={"VerdictTimeoutSeconds": str(verdict_timeout_s)},
        )

        def on_start(message_id: str, arn: str) -> None:
            started.setdefault(message_id, []).append(arn)

        with Pipeline(settings, on_start) as pipeline:
            pipeline.warm()
            standin.answers.clients = pipeline.clients
            standin.answers.queue_url = pipeline.deployment.queue_url
            yield World(pipeline, standin, started)
            # # The simulation trusts the walker, which repeats every execution here.
            arns = [arn for each in started.values() for arn in each]
            walked = [disagreement(pipeline.clients.sfn, arn) for arn in arns]
            assert [found for found in walked if found] == []
