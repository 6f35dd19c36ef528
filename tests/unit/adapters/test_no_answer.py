"""AWS services that do not answer, as the stages hear of them."""

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.adapters.secrets import RotatingSecret
from waveflow.errors import (
    InternalError,
    StorageUnavailableError,
    WebhookUnavailableError,
)


class Failing:
    """A client every call of which fails in the same way."""

    def __init__(self, failure):
        self._failure = failure

    def __getattr__(self, _name):
        """Return a call that fails."""

        def call(**_request):
            raise self._failure

        return call


AWAY = EndpointConnectionError(endpoint_url="https://s3")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(AWAY, StorageUnavailableError), (NoCredentialsError(), InternalError)],
)
@pytest.mark.parametrize("question", ["find", "has_delete_marker"])
def test_a_bucket_that_cannot_be_asked_is_tried_again_or_mended(
    failure, kind, question
):
    """The network comes back by itself; missing rights need a person."""
    objects = S3ObjectStore(Failing(failure), "bucket")

    with pytest.raises(kind):
        getattr(objects, question)("audio/x.wav")


def test_a_secret_that_cannot_be_had_is_asked_for_again():
    """The machine retries a webhook that was not sent."""
    secrets = RotatingSecret(Failing(AWAY), "arn:secret")

    with pytest.raises(WebhookUnavailableError):
        secrets()
