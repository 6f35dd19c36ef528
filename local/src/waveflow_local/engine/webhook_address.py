"""Tell the tools of another process which address the engine's webhooks go to."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS_PATH = "/_waveflow/webhook-url"  # no name of a bucket begins like this path


class WebhookAddress:
    """Answer the engine's WebhookUrl as text, and pass every other request on."""

    def __init__(self, application: "WSGIApplication", webhook_url: str) -> None:
        self._application = application
        self._body = webhook_url.encode()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one HTTP request, by the address or by the engine."""
        if environ.get("PATH_INFO") != ADDRESS_PATH:
            return self._application(environ, start_response)
        length = str(len(self._body))
        headers = [("Content-Type", "text/plain"), ("Content-Length", length)]
        start_response("200 OK", headers)
        return [self._body]
