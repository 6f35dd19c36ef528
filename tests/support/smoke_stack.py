"""A pipeline on the local engine that `waveflow ops smoke` may ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.ops.stack import Stack

from support.receiver import Receiver


@contextmanager
def refusing_server() -> Iterator[Receiver]:
    """Serve a test address that answers 404 to every webhook."""
    with Receiver() as receiver:
        receiver.answer = lambda request: request.reply(404, b"")
        yield receiver


def pipeline_of(server: Receiver) -> Pipeline:
    """Return a pipeline that tells a server, with retries that hardly wait."""
    return Pipeline(Settings(webhook_url=server.url, retry_scale=0.002))


def left_over(stack: Stack) -> list[Any]:
    """Return every version and delete marker in the stack's bucket."""
    listed = stack.s3.list_object_versions(Bucket=stack.parts.bucket)
    return [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
