"""Errors of boto3, as the errors that the machine and the API know."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ReadTimeoutError,
)
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.adapters.secrets import RotatingSecret
from waveflow.adapters.step_functions import StepFunctionsTokens
from waveflow.api.adapters.executions import StepFunctionsMachine
from waveflow.api.adapters.s3_uploads import S3UploadStore
from waveflow.api.errors import headers_of, status_of
from waveflow.errors import (
    InternalError,
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
    WebhookUnavailableError,
)

MACHINE = "arn:aws:states:x:0:stateMachine:waveflow"
SILENCE = ConnectTimeoutError(endpoint_url="https://x")
LATE = ReadTimeoutError(endpoint_url="https://x")


class Failing:
    """Client of AWS whose every call fails in the same way."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, _name):
        """Return a call that fails, or a paginator whose pages do."""

        def call(*_arguments, **_named):
            raise self._error

        return call


def answer(code, status=400):
    """Return the error that boto3 makes of an answer."""
    about = {"HTTPStatusCode": status, "HTTPHeaders": {}}
    told = {"Error": {"Code": code}, "ResponseMetadata": about}
    return ClientError(told, "Operation")


def load(client):
    """Read an object."""
    S3ObjectStore(client, "bucket").read("key", etag="e").__next__()


def has_delete_marker(client):
    """Ask for a delete marker."""
    S3ObjectStore(client, "bucket").has_delete_marker("key")


def put(client):
    """Store an upload whole."""
    S3UploadStore(client, "bucket").put("key", b"x", sha256=b"")


def parts(client):
    """List an upload's parts."""
    S3UploadStore(client, "bucket").parts("key", "upload")


def finish(client):
    """Join an upload's parts."""
    S3UploadStore(client, "bucket").finish("key", "upload", [])


def abort(client):
    """Remove an upload's parts."""
    S3UploadStore(client, "bucket").abort("key", "upload")


def start(client):
    """Start an execution."""
    StepFunctionsMachine(client, MACHINE).start("name", {})


def describe(client):
    """Describe an execution."""
    StepFunctionsMachine(client, MACHINE).describe("name")


def succeed(client):
    """Close a waiting task."""
    StepFunctionsTokens(client).succeed("token", {})


def secrets(client):
    """Fetch the webhook's secrets."""
    RotatingSecret(client, "arn:secret")()


S3 = [load, has_delete_marker, put, parts, finish, abort]
S3_ANSWERS = [
    (answer("SlowDown"), StorageUnavailableError),
    (answer("ThrottlingException"), StorageUnavailableError),
    (answer("InternalError", 500), StorageUnavailableError),
    (answer("InvalidRange", 416), StorageUnavailableError),
    (answer("416", 416), StorageUnavailableError),
    (answer("429", 429), StorageUnavailableError),
    (answer("TooManyRequests", 429), StorageUnavailableError),
    (answer("AccessDenied", 403), InternalError),
    (SILENCE, StorageUnavailableError),
    (LATE, StorageUnavailableError),
    (NoCredentialsError(), InternalError),
]


@pytest.mark.parametrize("call", S3)
@pytest.mark.parametrize(("error", "kind"), S3_ANSWERS)
def test_every_call_of_s3_speaks_of_failures_alike(call, error, kind):
    """An uploader gets 503 for a lost connection, whichever call of S3 met the loss."""
    with pytest.raises(kind):
        call(Failing(error))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("404", ObjectNotFoundError),
        ("NoSuchKey", ObjectNotFoundError),
        ("NotFound", ObjectNotFoundError),
        ("412", SourceChangedError),
        ("PreconditionFailed", SourceChangedError),
    ],
)
def test_a_missing_and_a_changed_object_have_their_own_errors(code, kind):
    """A stage decides by these two errors whether a file is kept."""
    with pytest.raises(kind):
        load(Failing(answer(code, 404)))


@pytest.mark.parametrize(
    ("call", "unavailable"),
    [
        (start, StorageUnavailableError),
        (describe, StorageUnavailableError),
        (succeed, WebhookUnavailableError),
        (secrets, WebhookUnavailableError),
    ],
)
def test_other_services_are_unavailable_in_the_callers_words(call, unavailable):
    """The API answers 503 and the machine asks again, instead of giving a job up."""
    passing = [answer("ThrottlingException"), answer("X", 500), answer("X", 429)]
    for error in (*passing, SILENCE, LATE):
        with pytest.raises(unavailable):
            call(Failing(error))
    with pytest.raises(unavailable):
        call(Failing(NoCredentialsError()))
    for error in (answer("AccessDeniedException"), answer("SlowDown")):
        with pytest.raises(InternalError):
            call(Failing(error))


@pytest.mark.parametrize("call", [start, describe])
@pytest.mark.parametrize(
    "code", ["ThrottlingException", "KmsThrottlingException", "ExecutionLimitExceeded"]
)
def test_a_throttled_machine_is_503(call, code):
    """A client of a busy API must come back later, and must not read of a defect."""
    with pytest.raises(StorageUnavailableError) as refused:
        call(Failing(answer(code)))

    assert status_of(refused.value) == 503
    assert "Retry-After" in headers_of(refused.value)


def test_an_upload_that_is_over_needs_no_removal():
    """A client that gives up an upload twice must get no error."""
    abort(Failing(answer("NoSuchUpload", 404)))

    gone = S3UploadStore(Failing(answer("NoSuchUpload", 404)), "bucket")
    assert gone.parts("key", "upload") is None
