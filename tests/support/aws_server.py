"""Serve S3, tokens, secrets and webhooks over HTTP, and fail as a network does."""

import base64
import json
import os
import signal
import socket
import struct
import threading
import time
from collections import defaultdict
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from support.simulation.bucket import EPOCH, Bucket, Version

SECRET = "whsec_" + base64.b64encode(b"only for the tests of this project").decode()
META = "x-amz-meta-"
HOOKS = ("/hash-check", "/completion", "/mixing-complete", "/comparison-complete")


class AwsServer(ThreadingHTTPServer):
    """Server of S3, secrets, task tokens and webhooks whose faults a test scripts."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bucket = Bucket(time.time)
        self.script: dict[str, list[str]] = defaultdict(list)
        self.requests: list[tuple[str, str]] = []
        self.webhooks: list[tuple[str, str, dict[str, Any]]] = []
        self.closed: list[dict[str, Any]] = []
        self.victim: int | None = None
        self.kill_at: tuple[int, str] | None = None
        self.replacement = b""
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Return the base URL of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Start answering requests."""
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop answering requests."""
        self.shutdown()
        self.server_close()

    def forget(self) -> None:
        """Return to an empty bucket and an empty script."""
        self.bucket = Bucket(time.time)
        self.script.clear()
        self.requests.clear()
        self.webhooks.clear()
        self.closed.clear()
        self.victim = self.kill_at = None

    def handle_error(self, *_args: object) -> None:
        """Print no traceback: the server cuts clients off on purpose."""

    def kills(self, moment: str) -> bool:
        """Kill the served process, if the test has chosen this call and moment."""
        if self.kill_at != (len(self.requests), moment) or self.victim is None:
            return False
        os.kill(self.victim, signal.SIGKILL)
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AwsServer

    def log_message(self, *_args: object) -> None:
        """Print no line for each request."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, path))
        if self.server.kills("before"):
            self._cut()
            return
        self._fault = self._next_fault(path)
        if self._fault == "503":
            self._error(503, "SlowDown")
            return
        if self.command == "POST":
            self._post(path, body)
        elif path.count("/") == 1:
            self._list(parse_qs(urlsplit(self.path).query)["prefix"][0])
        else:
            self._object(path.split("/", 2)[2], body)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _serve  # noqa: N815

    def _next_fault(self, path: str) -> str:
        script = self.server.script[self.command]
        fault = script.pop(0) if script else "ok"
        key = path.split("/", 2)[-1]
        if fault == "replaced":
            self.server.bucket.put(key, self.server.replacement)
        if fault == "deleted":
            self.server.bucket.delete(key)
        return fault

    def _object(self, key: str, body: bytes) -> None:
        current = self.server.bucket.current(key)
        if self._refused(key, current):
            return
        source = self.headers.get("x-amz-copy-source")
        if source:
            self._copy(key, source)
        elif self.command == "PUT":
            written = self.server.bucket.put(key, body, metadata=self._metadata())
            self._answer(200, b"", {"ETag": written.etag})
        elif self.command == "DELETE":
            self.server.bucket.delete(key)
            self._answer(204, b"", {"x-amz-delete-marker": "true"})
        else:
            assert current is not None
            self._send_object(current)

    def _metadata(self) -> dict[str, str]:
        """Return the headers of a PUT that S3 keeps and sends with the object."""
        kept = (META, "cache-control", "content-type")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {name: headers[name] for name in headers if name.startswith(kept)}

    def _list(self, prefix: str) -> None:
        """Answer ListObjectsV2, of one page."""
        bucket = self.server.bucket
        keys = [key for key in bucket.versions if key.startswith(prefix)]
        live = sorted(key for key in keys if bucket.current(key) is not None)
        listed = "".join(
            f"<Contents><Key>{escape(key)}</Key></Contents>" for key in live
        )
        body = f"<ListBucketResult>{listed}</ListBucketResult>"
        self._answer(200, body.encode())

    def _copy(self, key: str, source: str) -> None:
        """Answer CopyObject of a version; its conditions are looked at before."""
        path, _, version_id = unquote(source).partition("?versionId=")
        version = self.server.bucket.version(path.split("/", 1)[1], version_id)
        if version is None or version.body is None:
            self._error(404, "NoSuchVersion")
            return
        copied = self.server.bucket.put(
            key, version.body, checksummed=version.checksummed
        )
        etag = f"<ETag>{escape(copied.etag)}</ETag>"
        self._answer(200, f"<CopyObjectResult>{etag}</CopyObjectResult>".encode())

    def _refused(self, key: str, current: Version | None) -> bool:
        match, none = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if none == "*" and current is not None:
            self._error(412, "PreconditionFailed")
        elif current is None and (self.command != "PUT" or match):
            hidden = self.server.bucket.hidden(key)
            self._error(404, "NoSuchKey", hidden=hidden)
        elif match and current is not None and match != current.etag:
            self._error(412, "PreconditionFailed")
        else:
            return False
        return True

    def _send_object(self, version: Version) -> None:
        body = version.body or b""
        headers = {
            "ETag": version.etag,
            "Last-Modified": format_datetime(
                EPOCH + timedelta(seconds=version.written - EPOCH.timestamp()),
                usegmt=True,
            ),
            "x-amz-version-id": version.version_id,
            **version.metadata,
        }
        asked = self.headers.get("x-amz-checksum-mode") == "ENABLED"
        span, status = self.headers.get("Range"), 200
        if span:
            start, whole = int(span[6:].split("-")[0]), len(body)
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            body, status = body[start:], 206
        elif version.checksummed and asked:
            digest = base64.b64encode(bytes.fromhex(version.sha256)).decode()
            headers["x-amz-checksum-sha256"] = digest
            headers["x-amz-checksum-type"] = "FULL_OBJECT"
        self._answer(status, body, headers)

    def _post(self, path: str, body: bytes) -> None:
        target = self.headers.get("X-Amz-Target", "")
        if target.endswith("GetSecretValue"):
            slots = json.dumps({"current": SECRET, "previous": ""})
            self._answer(200, json.dumps({"SecretString": slots}).encode())
        elif target.endswith("SendTaskSuccess"):
            self.server.closed.append(json.loads(body))
            self._answer(200, b"{}")
        elif path in HOOKS:
            identity = str(self.headers["webhook-id"])
            self.server.webhooks.append((path, identity, json.loads(body)))
            self._answer(200, b'{"received":true}')
        else:
            self._error(404, "UnknownOperation")

    def _error(self, status: int, code: str, *, hidden: bool = False) -> None:
        body = f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode()
        headers = {"x-amz-delete-marker": "true"} if hidden else {}
        self._answer(status, body, headers, faulty=False)

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        faulty: bool = True,
    ) -> None:
        fault = self._fault if faulty and status != 503 else "ok"
        if self.server.kills("after") or fault == "lost":
            self._cut()
            return
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "flipped":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if fault.startswith("reset:"):
            self.wfile.write(body[: int(len(body) * float(fault[6:]))])
            self._cut()
        elif fault == "short":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _cut(self) -> None:
        """Reset the connection without an answer."""
        self.close_connection = True
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
