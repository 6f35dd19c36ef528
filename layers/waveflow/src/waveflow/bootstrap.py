"""Read the environment once and build what the stages need."""

import ipaddress
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from waveflow.errors import InternalError
from waveflow.ports import ObjectStore, Policy, TaskTokens, Webhook

if TYPE_CHECKING:
    from botocore.config import Config

    from waveflow.adapters.bearer import BearerTokens
    from waveflow.jobs.direct import DirectUploads
    from waveflow.jobs.ids import Seal
    from waveflow.jobs.outside import OutsideServer
    from waveflow.jobs.ports import UploadStore
    from waveflow.jobs.service import Jobs

# A secret, a webhook of 15 s and a token must fit into notify's 45 s.
BRIEFLY = {
    "connect_timeout": 2,
    "read_timeout": 3,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}
LOCAL_OWNER = "local-developer"  # may do without a token on a developer's machine
LAMBDA_SCRATCH = Path("/tmp/waveflow")  # noqa: S108 - a sandbox is ours alone


class Services:
    """What a stage may ask for; each part is built when it is first needed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @cached_property
    def objects(self) -> ObjectStore:
        """Return the bucket."""
        from waveflow.adapters.s3 import S3ObjectStore

        return S3ObjectStore(self._client("s3"), self._environment["BUCKET_NAME"])

    @cached_property
    def webhook(self) -> Webhook:
        """Return the server's HTTP interface."""
        from waveflow.adapters.secrets import WebhookSecrets
        from waveflow.adapters.webhook import HttpWebhook

        secret = self._environment["WEBHOOK_SECRET_ARN"]
        return HttpWebhook(
            self._webhook_url,
            secrets=WebhookSecrets(self._client("secretsmanager", **BRIEFLY), secret),
            allowed=self._allowed_networks,
        )

    @cached_property
    def tokens(self) -> TaskTokens:
        """Return the machine's waiting tasks."""
        from waveflow.adapters.step_functions import StepFunctionsTokens

        return StepFunctionsTokens(self._client("stepfunctions", **BRIEFLY))

    @cached_property
    def policy(self) -> Policy:
        """Return the operator's choices."""
        env = self._environment
        return Policy(
            allowed_prefixes=_list(env["ALLOWED_PREFIXES"]),
            max_file_bytes=int(env.get("MAX_FILE_SIZE_MB", "100")) << 20,
            dedupe_mode=env.get("DEDUPE_MODE", "delete"),
            verdict_mode=env.get("VERDICT_MODE", "callback"),
            scratch=self._scratch(),
        )

    def _scratch(self) -> Path | None:
        """Empty Lambda's folder: a function that was killed leaves its files behind."""
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
    def _allowed_networks(self) -> tuple[Any, ...]:
        everywhere = "0.0.0.0/0,::/0" if self._local else ""
        cidrs = _list(self._environment.get("WEBHOOK_ALLOWED_CIDRS", "") or everywhere)
        return tuple(ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)

    def _client(self, service: Any, **options: Any) -> Any:
        import boto3

        return boto3.client(service, config=_config(**options))


class ApiPolicy(Struct, frozen=True, kw_only=True):
    """The operator's choices that the HTTP API obeys.

    `anonymous` is the owner of requests without a token; None refuses them.
    """

    anonymous: str | None
    origins: tuple[str, ...]
    max_body_bytes: int | None
    per_second: float
    burst: int


class ApiServices(Services):
    """What the HTTP API may ask for beside what the stages use."""

    @cached_property
    def seal(self) -> "Seal":
        """Return what issues and checks ids; its key is the webhook's secret."""
        from waveflow.jobs.ids import Seal

        return Seal(self.secrets)

    @cached_property
    def secrets(self) -> "Callable[[], tuple[str, ...]]":
        """Return the webhook's secrets, which the outside server signs with too."""
        from waveflow.adapters.secrets import WebhookSecrets

        secret = self._environment["WEBHOOK_SECRET_ARN"]
        return WebhookSecrets(self._client("secretsmanager"), secret)

    @cached_property
    def uploads(self) -> "UploadStore":
        """Return the bucket's doors; presigned requests need SigV4 said aloud."""
        from waveflow.adapters.s3_uploads import S3UploadStore

        client = self._client("s3", signature_version="s3v4")
        return S3UploadStore(client, self._environment["BUCKET_NAME"])

    @cached_property
    def jobs(self) -> "Jobs":
        """Return every job of every owner."""
        from waveflow.adapters.executions import StepFunctionsMachine
        from waveflow.jobs.service import Jobs

        machine = self._environment["STATE_MACHINE_ARN"]
        return Jobs(
            StepFunctionsMachine(self._client("stepfunctions"), machine),
            objects=self.objects,
            uploads=self.uploads,
            seal=self.seal,
            max_file_bytes=self.policy.max_file_bytes,
        )

    @cached_property
    def direct(self) -> "DirectUploads":
        """Return the uploads that pass by the API."""
        from waveflow.jobs.direct import DirectUploads

        return DirectUploads(
            self.jobs, store=self.uploads, objects=self.objects, seal=self.seal
        )

    @cached_property
    def outside(self) -> "OutsideServer":
        """Return the analysis server beside WaveFlow."""
        from waveflow.adapters.signature import signature_headers
        from waveflow.jobs.outside import OutsideServer

        return OutsideServer(self.jobs, secrets=self.secrets, sign=signature_headers)

    @cached_property
    def bearer(self) -> "BearerTokens":
        """Return the tokens of the configured issuer."""
        from waveflow.adapters.bearer import BearerTokens

        env = self._environment
        return BearerTokens(
            env["API_TOKEN_KEYS"],
            issuer=env["API_TOKEN_ISSUER"],
            audience=env.get("API_TOKEN_AUDIENCE") or None,
        )

    @cached_property
    def http(self) -> ApiPolicy:
        """Return the operator's choices about requests."""
        env = self._environment
        limit = env.get("API_MAX_BODY_BYTES")
        return ApiPolicy(
            anonymous=LOCAL_OWNER if self._local else None,
            origins=_list(env.get("API_CORS_ORIGINS", "")),
            max_body_bytes=int(limit) if limit else None,
            per_second=float(env.get("API_RATE_PER_SECOND", "20")),
            burst=int(env.get("API_RATE_BURST", "100")),
        )


def _config(**options: Any) -> "Config":
    """Set boto3's retries and time-outs on purpose.

    What still fails after them is the state machine's to retry.
    """
    from botocore.config import Config

    defaults: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": 20,
        "retries": {"mode": "standard", "total_max_attempts": 5},
        "tcp_keepalive": True,
    }
    return Config(**(defaults | options))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


@lru_cache(maxsize=1)
def services() -> Services:
    """Return the process's services, built from its environment."""
    return Services(dict(os.environ))


@lru_cache(maxsize=1)
def api_services() -> ApiServices:
    """Return the HTTP API's services, built from the process's environment."""
    return ApiServices(dict(os.environ))
