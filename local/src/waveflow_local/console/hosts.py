"""Refuse HTTP requests whose Host header is not a name of this machine."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from waveflow.api.problems import problem

# DNS rebinding: a page of another site may reach loopback under a name of its own.
# "testserver" is the name that tests in the same process send.
HOSTS = {"127.0.0.1", "localhost", "testserver"}


class OwnHosts:
    """Wrap an ASGI application, so that a page of another site cannot reach the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request to this machine, or answer HOST_NOT_ALLOWED."""
        app: ASGIApp = self._app
        if scope["type"] == "http":
            name = Headers(scope=scope).get("host", "").partition(":")[0]
            if name.lower() not in HOSTS:
                app = problem(400, "HOST_NOT_ALLOWED", "This is not a name of mine.")
        await app(scope, receive, send)
