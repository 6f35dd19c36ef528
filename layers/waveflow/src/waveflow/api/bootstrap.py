"""Read the environment variables once, and build the HTTP API's services."""

import os
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from waveflow.bootstrap import Services, list_of
from waveflow.errors import InternalError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from waveflow.api.adapters.bearer import BearerTokens
    from waveflow.api.interfaces import UploadStore
    from waveflow.api.jobs.external import ExternalServer
    from waveflow.api.jobs.feed import Feeds
    from waveflow.api.jobs.ids import Seal
    from waveflow.api.jobs.presigned import PresignedUploads
    from waveflow.api.jobs.service import Jobs

    Secrets = Callable[[], tuple[str, ...]]  # the current value first

LOCAL_OWNER = "local-developer"  # needs no token on a developer's machine


class ApiPolicy(Struct, frozen=True, kw_only=True):
    """The operator's settings of the HTTP API, such as origins and rate limits.

    `streams` is the most event streams that a process keeps open for one owner.
    `anonymous` is the owner of requests without a token; None refuses them.
    """

    anonymous: str | None
    origins: tuple[str, ...]
    max_body_bytes: int | None
    per_second: float
    burst: int
    streams: int


class ApiServices(Services):
    """Services of the HTTP API, in addition to those of the stages."""

    @cached_property
    def seal(self) -> "Seal":
        """Return the signer of job ids and upload tickets, with keys of its own."""
        from waveflow.api.jobs.ids import Seal

        return Seal(self.secrets)

    @cached_property
    def secrets(self) -> "Secrets":
        """Return the reader of the API's own secret, which no other program reads."""
        return self._secret(self._environment["API_SECRET_ARN"])

    @cached_property
    def external_secrets(self) -> "Secrets":
        """Return the reader of the external server's key; without a key, of none."""
        secret = self._environment.get("API_EXTERNAL_SECRET_ARN", "")
        return self._secret(secret) if secret else lambda: ()

    def _secret(self, secret_id: str) -> "Secrets":
        from waveflow.adapters.secrets import RotatingSecret

        return RotatingSecret(
            self._client("secretsmanager"),
            secret_id,
            unavailable=StorageUnavailableError,
        )

    @cached_property
    def uploads(self) -> "UploadStore":
        """Return the S3 bucket for uploads; its client presigns by SigV4."""
        from waveflow.api.adapters.s3_uploads import S3UploadStore

        options = {"signature_version": "s3v4", **self._regional_host}
        client = self._client("s3", **options)
        return S3UploadStore(client, self._environment["BUCKET_NAME"])

    @property
    def _regional_host(self) -> dict[str, Any]:
        """Return options that sign for the bucket's regional host, not the global host.

        The global host redirects to a new bucket for a day, and knows no bucket of a
        region opened after March 2019. A local engine has one host, in path style.
        """
        overrides = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
        if any(self._environment.get(name) for name in overrides):
            return {}
        regional = "us_east_1_regional_endpoint"
        return {"s3": {"addressing_style": "virtual", regional: "regional"}}

    @cached_property
    def jobs(self) -> "Jobs":
        """Return the service that starts and finds the jobs of every owner."""
        from waveflow.api.adapters.executions import StepFunctionsMachine
        from waveflow.api.jobs.context import UPLOAD_PREFIX
        from waveflow.api.jobs.service import Jobs

        if UPLOAD_PREFIX not in self.policy.allowed_prefixes:
            raise InternalError(
                f"ALLOWED_PREFIXES lacks {UPLOAD_PREFIX}, where the API stores uploads."
            )
        machine = self._environment["STATE_MACHINE_ARN"]
        return Jobs(
            StepFunctionsMachine(self._client("stepfunctions"), machine),
            objects=self.objects,
            uploads=self.uploads,
            seal=self.seal,
            max_file_bytes=self.policy.max_file_bytes,
        )

    @cached_property
    def feeds(self) -> "Feeds":
        """Return the service that polls the jobs that clients follow now."""
        from waveflow.api.jobs.feed import AWS_PACE, LOCAL_PACE, Feeds

        pace = LOCAL_PACE if self._local else AWS_PACE
        return Feeds(self.jobs.look, pace=pace)

    @cached_property
    def presigned(self) -> "PresignedUploads":
        """Return the service for uploads by requests presigned for S3."""
        from waveflow.api.jobs.presigned import PresignedUploads

        return PresignedUploads(
            self.jobs, store=self.uploads, objects=self.objects, seal=self.seal
        )

    @cached_property
    def external(self) -> "ExternalServer":
        """Return the receiver of webhooks from an external analysis server."""
        from waveflow.adapters.signature import signature_headers
        from waveflow.api.jobs.external import ExternalServer

        return ExternalServer(
            self.jobs, secrets=self.external_secrets, sign=signature_headers
        )

    @cached_property
    def bearer(self) -> "BearerTokens":
        """Return the verifier of the configured issuer's bearer tokens."""
        from waveflow.api.adapters.bearer import BearerTokens

        env = self._environment
        return BearerTokens(
            env["API_TOKEN_KEYS"],
            issuer=env["API_TOKEN_ISSUER"],
            audience=env.get("API_TOKEN_AUDIENCE") or None,
        )

    @property
    def _needs_token(self) -> bool:
        asked = self._environment.get("API_REQUIRE_TOKEN") == "1"
        return asked or not self._local

    @cached_property
    def http(self) -> ApiPolicy:
        """Return the operator's settings of the HTTP API."""
        env = self._environment
        limit = env.get("API_MAX_BODY_BYTES")
        return ApiPolicy(
            anonymous=None if self._needs_token else LOCAL_OWNER,
            origins=list_of(env.get("API_CORS_ORIGINS", "")),
            max_body_bytes=int(limit) if limit else None,
            per_second=float(env.get("API_RATE_PER_SECOND", "20")),
            burst=int(env.get("API_RATE_BURST", "100")),
            streams=int(env.get("API_STREAMS_PER_OWNER", "8")),
        )


@lru_cache(maxsize=1)
def api_services() -> ApiServices:
    """Return the HTTP API's services, built from the environment variables."""
    return ApiServices(dict(os.environ))
