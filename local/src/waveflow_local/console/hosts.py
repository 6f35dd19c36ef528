"""Answer to this machine's own names only."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from waveflow.api.problems import problem

# A page of another site may reach loopback under a name of its own; the last is
# what tests in the same process call it.
HOSTS = {"127.0.0.1", "localhost", "testserver"}


class OwnHosts:
    """An application that other names do not reach."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        app: ASGIApp = self._app
        if scope["type"] == "http":
            name = Headers(scope=scope).get("host", "").partition(":")[0]
            if name.lower() not in HOSTS:
                app = problem(400, "HOST_NOT_ALLOWED", "This is not a name of mine.")
        await app(scope, receive, send)
