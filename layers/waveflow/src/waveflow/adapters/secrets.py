"""Fetch the values of a secret that rotates, and cache them for five minutes."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from waveflow.adapters.aws_errors import AWS_ERRORS, AwsErrors
from waveflow.errors import InternalError, WaveflowError, WebhookUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_S = 300  # every process knows a rotated secret after this time
SLOTS = ("current", "previous")


class RotatingSecret:
    """Values of a secret in Secrets Manager: the current value, then the retired value.

    A read that may succeed later raises `unavailable`.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        secret_id: str,
        *,
        unavailable: type[WaveflowError] = WebhookUnavailableError,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._errors = AwsErrors(service="Secrets Manager", unavailable=unavailable)
        self._clock = clock
        self._cached: tuple[float, tuple[str, ...]] | None = None

    def __call__(self) -> tuple[str, ...]:
        """Return the values in force now, the current value first."""
        if self._cached is None or self._clock() - self._cached[0] >= CACHE_S:
            self._cached = (self._clock(), self._fetch())
        return self._cached[1]

    def _fetch(self) -> tuple[str, ...]:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        except AWS_ERRORS as exc:
            raise self._errors.translated(exc) from exc
        try:
            slots = json.loads(answer["SecretString"])
            secrets = tuple(slots[slot] for slot in SLOTS if slots.get(slot))
        except (ValueError, AttributeError, KeyError):
            # `from None`: the JSON error quotes the secret.
            raise InternalError(f"{self._secret_id} is not a JSON object.") from None
        if not secrets:
            raise InternalError(f"{self._secret_id} has no value in its slots.")
        return secrets
