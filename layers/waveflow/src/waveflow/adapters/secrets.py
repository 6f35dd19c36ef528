"""Fetch the webhook's signing secrets, and cache them for five minutes."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from waveflow.adapters.aws_errors import AWS_ERRORS, AwsErrors
from waveflow.errors import InternalError, WebhookUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_S = 300  # every process signs with a rotated secret after this time
SLOTS = ("current", "previous")
_ERRORS = AwsErrors(service="Secrets Manager", unavailable=WebhookUnavailableError)


class WebhookSecrets:
    """Webhook signing secrets: the current secret, then the one being retired."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        secret_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._clock = clock
        self._cached: tuple[float, tuple[str, ...]] | None = None

    def __call__(self) -> tuple[str, ...]:
        """Return the webhook signing secrets in force now, each as `whsec_…`."""
        if self._cached is None or self._clock() - self._cached[0] >= CACHE_S:
            self._cached = (self._clock(), self._fetch())
        return self._cached[1]

    def _fetch(self) -> tuple[str, ...]:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        except AWS_ERRORS as exc:
            raise _ERRORS.translated(exc) from exc
        try:
            slots = json.loads(answer["SecretString"])
            secrets = tuple(slots[slot] for slot in SLOTS if slots.get(slot))
        except (ValueError, AttributeError, KeyError):
            # `from None`: the JSON error quotes the secret.
            raise InternalError("The webhook secret is not a JSON object.") from None
        if not secrets:
            raise InternalError("The webhook secret has no value in its slots.")
        return secrets
