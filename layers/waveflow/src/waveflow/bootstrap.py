"""Read the environment variables once, and build the services of the stages."""

import ipaddress
import logging
import os
import shutil
import threading
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from waveflow.errors import InternalError
from waveflow.events.options import ZoomLevels, is_ladder
from waveflow.ports import ObjectStore, Policy, TaskTokens, Webhook

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A secret, a webhook of 15 s and a token must fit into notify's 45 s.
BRIEFLY = {
    "connect_timeout": 2,
    "read_timeout": 3,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}
_ONE_AT_A_TIME = threading.Lock()  # a session makes clients for a single thread only
LAMBDA_SCRATCH = Path("/tmp/waveflow")  # noqa: S108 - no other program uses a Lambda's /tmp


class Services:
    """Services of the stages, such as S3 and webhooks, each built on first use."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        # Below INFO these libraries log request bodies, tokens and signed URLs.
        for library in ("boto3", "botocore", "urllib3"):
            logging.getLogger(library).setLevel(logging.INFO)

    @cached_property
    def objects(self) -> ObjectStore:
        """Return the S3 bucket that uploads and results share."""
        from waveflow.adapters.s3 import S3ObjectStore

        return S3ObjectStore(self._client("s3"), self._environment["BUCKET_NAME"])

    @cached_property
    def webhook(self) -> Webhook:
        """Return the HTTP client of the platform's server."""
        from waveflow.adapters.secrets import RotatingSecret
        from waveflow.adapters.webhook import HttpWebhook

        secret = self._environment["WEBHOOK_SECRET_ARN"]
        return HttpWebhook(
            self._webhook_url,
            secrets=RotatingSecret(self._client("secretsmanager", **BRIEFLY), secret),
            allowed=self._allowed_networks,
        )

    @cached_property
    def tokens(self) -> TaskTokens:
        """Return the client that closes waiting tasks by their task tokens."""
        from waveflow.adapters.step_functions import StepFunctionsTokens

        return StepFunctionsTokens(self._client("stepfunctions", **BRIEFLY))

    @cached_property
    def policy(self) -> Policy:
        """Return the operator's settings, read from the environment."""
        env = self._environment
        return Policy(
            allowed_prefixes=list_of(env["ALLOWED_PREFIXES"]),
            max_file_bytes=int(env.get("MAX_FILE_SIZE_MB", "100")) << 20,
            dedupe_mode=env.get("DEDUPE_MODE", "delete"),
            verdict_mode=env.get("VERDICT_MODE", "callback"),
            scratch=self._scratch(),
        )

    @cached_property
    def drawing_policy(self) -> Policy:
        """Return the settings with what the operator asks of every drawing.

        No other stage reads these, so that a wrong one is still told to the server.
        """
        return msgspec.structs.replace(
            self.policy, zoom_levels=self._zoom_levels, audio_id=self._audio_id
        )

    @property
    def _zoom_levels(self) -> tuple[int, ...]:
        given = list_of(self._environment.get("ZOOM_LEVELS", ""))
        try:
            levels = msgspec.convert(given, ZoomLevels, strict=False)
        except msgspec.ValidationError:
            levels = None
        if levels is None or not is_ladder(levels):
            raise InternalError(
                "ZOOM_LEVELS is not a list of at most three rising numbers from 64 to "
                "65536, each a multiple of the number before."
            )
        return tuple(levels)

    @property
    def _audio_id(self) -> bool:
        word = self._environment.get("AUDIO_ID", "off")
        if word not in {"on", "off"}:
            raise InternalError("AUDIO_ID is neither on nor off.")
        return word == "on"

    def _scratch(self) -> Path | None:
        """Return Lambda's temporary folder, emptied of a killed function's files."""
        if "AWS_LAMBDA_RUNTIME_API" not in self._environment:
            return None
        shutil.rmtree(LAMBDA_SCRATCH, ignore_errors=True)
        LAMBDA_SCRATCH.mkdir(parents=True, exist_ok=True)
        return LAMBDA_SCRATCH

    @property
    def _local(self) -> bool:
        return self._environment.get("WAVEFLOW_LOCAL") == "1"

    @property
    def _webhook_url(self) -> str:
        url = self._environment["WEBHOOK_URL"]
        parts = urlsplit(url)
        if parts.scheme != "https" and not self._local:
            raise InternalError("WEBHOOK_URL is not https.")
        if parts.username or parts.password or not parts.hostname:
            raise InternalError("WEBHOOK_URL names no host, or names a user.")
        return url

    @property
    def _allowed_networks(self) -> tuple[Network, ...]:
        everywhere = "0.0.0.0/0,::/0" if self._local else ""
        cidrs = list_of(
            self._environment.get("WEBHOOK_ALLOWED_CIDRS", "") or everywhere
        )
        return tuple(ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)

    @cached_property
    def _session(self) -> "Session":
        """Return the maker of AWS clients, without boto3's resources (ADR 76)."""
        from botocore.session import get_session

        return get_session()

    def _client(self, service: str, **options: Any) -> Any:
        with _ONE_AT_A_TIME:
            return self._session.create_client(service, config=_config(**options))


def _config(**options: Any) -> "Config":
    """Return botocore's configuration, with retries and time-outs of our choice.

    Errors that remain after botocore's retries are the state machine's to retry.
    """
    from botocore.config import Config

    defaults: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": 20,
        "retries": {"mode": "standard", "total_max_attempts": 5},
        "tcp_keepalive": True,
    }
    return Config(**(defaults | options))


def list_of(text: str) -> tuple[str, ...]:
    """Split a comma-separated environment variable, leaving out empty entries."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@lru_cache(maxsize=1)
def services() -> Services:
    """Return the process's services, built once from its environment variables."""
    return Services(dict(os.environ))
