"""Start one pipeline for all paths of the machine."""

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
    """Give an answer the time that a busy machine needs."""
    return 900


@pytest.fixture(scope="module")
def world(verdict_timeout_s: int) -> Iterator[World]:
    """Run the whole system, in which five seconds of a retry are a hundredth."""
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
            # The simulation trusts the walker, so every path here is walked again.
            arns = [arn for each in started.values() for arn in each]
            walked = [disagreement(pipeline.clients.sfn, arn) for arn in arns]
            assert [found for found in walked if found] == []
