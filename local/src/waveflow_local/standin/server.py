"""Serve the stand-in for the platform's server on loopback."""

from pathlib import Path
from typing import Self

from waveflow_local import paths
from waveflow_local.loopback import LoopbackServer
from waveflow_local.standin.answers import VerdictMode
from waveflow_local.standin.platform_server import PlatformServer
from waveflow_local.standin.routes import WEBHOOK_PATH, application


class StandIn(PlatformServer):
    """Play the platform's server over HTTP, for a `with` block."""

    def __init__(
        self,
        *,
        secret: str = paths.WEBHOOK_SECRET,
        port: int = 0,
        data: Path | None = None,
        mode: VerdictMode = "callback",
    ) -> None:
        super().__init__(secret=secret, data=data, mode=mode)
        self._server = LoopbackServer(application(self), port, name="waveflow-standin")

    @property
    def url(self) -> str:
        """Return the base URL to which WaveFlow sends webhooks."""
        return paths.endpoint(self._server.port) + WEBHOOK_PATH

    def __enter__(self) -> Self:
        """Start to receive webhooks."""
        self._server.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop receiving webhooks, and close the table of stems."""
        self._server.stop()
        self.table.close()
