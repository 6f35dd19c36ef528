"""A rotating secret: two slots, cached for five minutes."""

import json
import traceback

import pytest
from botocore.exceptions import ClientError
from waveflow.adapters.secrets import RotatingSecret
from waveflow.errors import (
    InternalError,
    StorageUnavailableError,
    WebhookUnavailableError,
)


class SecretStore:
    """Secrets Manager that counts its calls."""

    def __init__(self, value):
        self.value = value
        self.asked = 0

    def get_secret_value(self, SecretId):  # noqa: N803 - boto3's own name
        """Return the secret's current value."""
        self.asked += 1
        assert SecretId == "arn:secret"
        return {"SecretString": self.value}


def slots(**values):
    """Return the JSON of the two slots."""
    return json.dumps(values)


def test_a_rotated_secret_is_in_use_after_five_minutes():
    """A longer cache would sign with a secret that the contract calls retired."""
    store, now = SecretStore(slots(current="whsec_a", previous="")), [0.0]
    secrets = RotatingSecret(store, "arn:secret", clock=lambda: now[0])

    first = secrets()
    store.value = slots(current="whsec_b", previous="whsec_a")
    now[0] = 299.0
    cached = secrets()
    now[0] = 300.0
    rotated = secrets()

    assert first == cached == ("whsec_a",)
    assert rotated == ("whsec_b", "whsec_a")
    assert store.asked == 2


@pytest.mark.parametrize("value", ["whsec_plain", "[]", "{}", slots(current="")])
def test_a_secret_of_another_shape_is_told_without_its_value(value):
    """Errors are logged, and a log must not hold the secret."""
    secrets = RotatingSecret(SecretStore(value), "arn:secret")

    with pytest.raises(InternalError) as failure:
        secrets()

    assert "arn:secret" in str(failure.value)
    shown = "".join(traceback.format_exception(failure.value))
    assert "whsec" not in shown
    assert json.JSONDecodeError.__name__ not in shown


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, WebhookUnavailableError),
        ("InternalServiceError", 500, WebhookUnavailableError),
        ("AccessDeniedException", 400, InternalError),
    ],
)
def test_a_secret_that_cannot_be_had_now_is_asked_for_again(code, status, kind):
    """A throttled call must not end a job that the machine would retry."""

    class Failing:
        def get_secret_value(self, SecretId):  # noqa: N803 - boto3's own name
            answer = {"Error": {"Code": code, "Message": SecretId}}
            answer["ResponseMetadata"] = {"HTTPStatusCode": status}
            raise ClientError(answer, "GetSecretValue")

    with pytest.raises(kind):
        RotatingSecret(Failing(), "arn:secret")()
    again = InternalError if kind is InternalError else StorageUnavailableError
    with pytest.raises(again):
        RotatingSecret(Failing(), "arn:secret", unavailable=StorageUnavailableError)()
