"""Send webhooks over HTTP, within one deadline and to no private IP address."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from waveflow.adapters.addresses import Network, resolve
from waveflow.adapters.signature import signature_headers
from waveflow.errors import WebhookRejectedError, WebhookUnavailableError

DEADLINE_S = 15.0  # time of an attempt, from the first packet to the last byte
MAX_ANSWER_BYTES = 64 << 10
_TRY_AGAIN = {408, 425, 429}
_SERVER_ERROR = 500
_SUCCESS = range(200, 300)


class HttpWebhook:
    """HTTP client of the platform's server, below one configured URL."""

    def __init__(
        self,
        url: str,
        *,
        secrets: Callable[[], tuple[str, ...]],
        allowed: tuple[Network, ...] = (),
        deadline_s: float = DEADLINE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url.rstrip("/")
        self._secrets = secrets
        self._allowed = allowed
        self._deadline_s = deadline_s
        self._clock = clock

    def post(
        self, path: str, payload: Mapping[str, object], *, webhook_id: str
    ) -> bytes:
        """POST the signed `payload`, and return the body of the 2xx response."""
        body = json.dumps(payload, allow_nan=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept-Encoding": "identity",  # a compressed response could grow
            "User-Agent": "WaveFlow",
            **signature_headers(
                body,
                webhook_id=webhook_id,
                timestamp=int(self._clock()),
                secrets=self._secrets(),
            ),
        }
        watch = _Watch(self._deadline_s, self._allowed)
        try:
            return self._exchange(f"{self._url}/{path}", body, headers, watch=watch)
        except (requests.RequestException, HTTPError, OSError) as exc:
            reason = "no answer in time" if watch.expired else _reason_of(exc)
            # The cause may quote the request, and so the task token.
            raise WebhookUnavailableError(f"The server gave {reason}.") from None
        finally:
            watch.stop()

    def _exchange(
        self, url: str, body: bytes, headers: dict[str, str], *, watch: "_Watch"
    ) -> bytes:
        with requests.Session() as session:
            session.trust_env = False  # no proxy or .netrc chosen by the environment
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(watch))
            with session.post(
                url,
                data=body,
                headers=headers,
                timeout=watch.remaining(),
                allow_redirects=False,
                stream=True,
            ) as answer:
                _refuse(answer.status_code)
                content = _read(answer)
        if watch.expired:
            raise TimeoutError
        return content


def _read(answer: requests.Response) -> bytes:
    """Return an answer's first 64 KiB; a body that ends early raises `HTTPError`."""
    content = bytearray()
    while len(content) < MAX_ANSWER_BYTES:
        # Only the read after the last byte tells a whole body from a cut one.
        block = answer.raw.read(MAX_ANSWER_BYTES - len(content))
        if not block:
            break
        content += block
    return bytes(content)


def _refuse(status: int) -> None:
    if status in _SUCCESS:
        return
    if status in _TRY_AGAIN or status >= _SERVER_ERROR:
        raise WebhookUnavailableError(f"The server answered {status}.")
    raise WebhookRejectedError(f"The server answered {status}.")


class _Watch:
    """Guard one HTTP attempt: connect only where allowed, cut at the deadline.

    A time-out of requests starts anew with every packet, so a server that drips bytes
    could hold a function for ever; shutting the socket down ends the attempt.
    """

    def __init__(self, deadline_s: float, allowed: tuple[Network, ...]) -> None:
        self._end = time.monotonic() + deadline_s
        self._allowed = allowed
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(deadline_s, self._cut)
        self._timer.daemon = True
        self._timer.start()

    @property
    def expired(self) -> bool:
        """Tell whether the HTTP attempt's deadline has passed, by the clock alone."""
        return time.monotonic() >= self._end

    def remaining(self) -> float:
        """Return the seconds until the HTTP attempt's deadline, never zero."""
        return max(self._end - time.monotonic(), 0.001)

    def connect(self, host: str, port: int) -> socket.socket:
        """Open a socket to the host, by the very IP addresses that were checked."""
        addresses = self._resolve(host, port)
        for address in addresses[:-1]:
            try:
                return self._keep(address, port)
            except OSError:
                continue  # try the next IP address; only the last may raise
        return self._keep(addresses[-1], port)

    def stop(self) -> None:
        """Stop the deadline's timer and close the sockets of the HTTP attempt."""
        self._timer.cancel()
        self._timer.join()
        for handle in self._sockets:
            handle.close()

    def _resolve(self, host: str, port: int) -> list[str]:
        # The resolver knows no deadline; its thread is left to its own time-out.
        with_deadline = ThreadPoolExecutor(1, thread_name_prefix="resolver")
        try:
            found = with_deadline.submit(resolve, host, port, allowed=self._allowed)
            return found.result(self.remaining())
        finally:
            with_deadline.shutdown(wait=False)

    def _keep(self, address: str, port: int) -> socket.socket:
        connected = socket.create_connection((address, port), timeout=self.remaining())
        # TLS detaches the socket that it wraps; this second handle stays valid.
        self._sockets.append(connected.dup())
        if self.expired:  # the timer may have fired before this socket was kept
            connected.close()
            raise TimeoutError
        return connected

    def _cut(self) -> None:
        for handle in self._sockets:
            with contextlib.suppress(OSError):  # the server may have closed it
                handle.shutdown(socket.SHUT_RDWR)


def _reason_of(exc: Exception) -> str:
    is_tls = isinstance(exc, requests.exceptions.SSLError)
    return "no trusted TLS connection" if is_tls else "no whole answer"


class _Adapter(HTTPAdapter):
    """Make `requests` open sockets by a `_Watch`, to allowed IP addresses alone."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build connection pools whose sockets the deadline's watch opens."""
        watch = self._watch

        class Http(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return watch.connect(self._dns_host, self.port)

        class Https(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return watch.connect(self._dns_host, self.port)

        class HttpPool(HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(HTTPSConnectionPool):
            ConnectionCls = Https

        self.poolmanager = PoolManager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": HttpPool,
            "https": HttpsPool,
        }
