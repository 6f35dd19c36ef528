"""Calls of S3 whose answer was lost, so that boto3 asked again."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient
from support.http_api import Api
from support.world import wav
from waveflow.api.adapters.s3_uploads import S3UploadStore
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow.errors import SourceChangedError, StorageUnavailableError

KEY = "audio/lost-answer.wav"


class Forgetful:
    """S3 client whose uploads are over at once; the local engine remembers them."""

    def __init__(self, client):
        self._client = client
        self._over = set()
        self._lock = threading.Lock()

    def __getattr__(self, name):
        """Return a call of the client."""
        return getattr(self._client, name)

    def complete_multipart_upload(self, **arguments):
        """Join the parts."""
        with self._lock:
            self._end(arguments, "CompleteMultipartUpload")
            return self._client.complete_multipart_upload(**arguments)

    def abort_multipart_upload(self, **arguments):
        """Remove the parts."""
        self._end(arguments, "AbortMultipartUpload")
        return self._client.abort_multipart_upload(**arguments)

    def _end(self, arguments, operation):
        if arguments["UploadId"] in self._over:
            raise ClientError(
                {
                    "Error": {"Code": "NoSuchUpload"},
                    "ResponseMetadata": {"HTTPStatusCode": 404},
                },
                operation,
            )
        self._over.add(arguments["UploadId"])


class LostAnswers(Forgetful):
    """S3 client that carries some calls out twice, as after a lost answer."""

    def put_object(self, **arguments):
        """Store an object twice."""
        self._client.put_object(**arguments)
        return self._client.put_object(**arguments)

    def complete_multipart_upload(self, **arguments):
        """Join the parts."""
        super().complete_multipart_upload(**arguments)
        return super().complete_multipart_upload(**arguments)


@pytest.fixture
def served(settings, world):
    """Return a maker of services whose uploads use another S3 client."""

    def make(client):
        made = ApiServices(settings)
        made.uploads = S3UploadStore(client(world.s3), world.bucket)
        return made

    return make


def api_of(services):
    """Return the API on some services."""
    return Api(TestClient(create_app(services), follow_redirects=False))


@pytest.mark.parametrize("seconds", [0.2, 400])
def test_a_lost_answer_costs_neither_the_upload_nor_an_orphan(served, world, seconds):
    """A musician's upload must succeed, and leave one object."""
    api, body = api_of(served(LostAnswers)), wav(seconds, seed=470)
    before = world.keys("audio/")

    told = api.wait(api.upload(body)["job_id"])

    assert told["result"]["file_size"] == len(body)
    assert len(world.keys("audio/")) == len(before) + 1


def test_an_object_of_other_bytes_is_never_taken_for_ours(services):
    """A success about other bytes would lose the upload."""
    store = services.uploads
    put(store, b"first")

    put(store, b"first")
    with pytest.raises(SourceChangedError):
        put(store, b"other")


def put(store, body):
    """Store a small object."""
    store.put(KEY, bytearray(body), sha256=hashlib.sha256(body).digest())


def test_an_upload_that_was_aborted_is_never_taken_for_joined(served):
    """A success without an object would start a job about nothing."""
    store, key = served(Forgetful).uploads, "audio/aborted.wav"
    upload = store.begin(key)
    part = store.add(key, upload, number=1, body=bytearray(b"part"))
    store.abort(key, upload)

    with pytest.raises(StorageUnavailableError):
        store.finish(key, upload, [part])


class Together(Forgetful):
    """S3 client whose three callers join an upload at the same moment."""

    _barrier = threading.Barrier(3)

    def complete_multipart_upload(self, **arguments):
        """Join the parts."""
        self._barrier.wait(10)
        return super().complete_multipart_upload(**arguments)


def test_several_complete_calls_at_once_are_one_job(served):
    """A client that repeats `complete` at once must get the job, not an error."""
    made = served(Together)
    api, body = api_of(made), wav(seconds=600, seed=471)
    wanted = {"filename": "a.wav", "size": len(body), "multipart": True}
    begun = api.client.post("/tokens/t/uploads", json=wanted).json()
    for part in begun["missing"]:
        chunk = body[part["offset"] : part["offset"] + part["size"]]
        requests.put(part["url"], data=chunk, timeout=20).raise_for_status()

    with ThreadPoolExecutor(3) as pool:
        calls = [
            pool.submit(
                made.presigned.complete, begun["upload_id"], owner="local-developer"
            )
            for _ in range(3)
        ]
        jobs = {call.result(20).job_id for call in calls}

    assert len(jobs) == 1
    assert api.wait(jobs.pop())["result"]["file_size"] == len(body)
