"""Large files that pass by the API."""

import requests
from support.world import wav

PART = 8 << 20


def begin(api, size, **fields):
    """Open a way for a file."""
    wanted = {"filename": "큰 파일.wav", "size": size, **fields}
    return api.client.post("/tokens/token-1/uploads", json=wanted)


def complete(api, upload):
    """Say that all bytes are there."""
    return api.client.post(f"/tokens/uploads/{upload['upload_id']}/complete")


def test_a_signed_form_takes_one_file_of_that_size(api, world):
    """The policy limits key and length; `complete` starts the job, once."""
    body = wav(seed=430)
    upload = begin(api, len(body)).json()
    early = complete(api, upload)

    sent = requests.post(
        upload["form"]["url"],
        data=upload["form"]["fields"],
        files={"file": body},
        timeout=10,
    )
    jobs = {complete(api, upload).json()["job_id"] for _ in range(2)}

    assert (early.status_code, early.json()["code"]) == (409, "UPLOAD_INCOMPLETE")
    assert sent.status_code < 300
    assert len(jobs) == 1
    told = api.wait(jobs.pop())
    assert told["result"]["file_size"] == len(body)
    assert told["filename"] == "큰 파일.wav"
    assert world.read(told["s3_url"].split("/", 3)[3]) == body


def test_parts_that_arrived_need_not_be_sent_again(api):
    """A cut upload goes on with what is missing, in any order."""
    body = wav(seconds=600, seed=431)
    upload = begin(api, len(body), multipart=True).json()
    numbers = [part["number"] for part in upload["missing"]]
    send(upload["missing"][-1], body)

    missing = api.client.get(f"/tokens/uploads/{upload['upload_id']}").json()["missing"]
    early = complete(api, upload).json()
    for part in missing:
        send(part, body)
    told = api.wait(complete(api, upload).json()["job_id"])

    assert [part["number"] for part in missing] == numbers[:-1]
    assert early["code"] == "UPLOAD_INCOMPLETE"
    assert told["result"]["file_size"] == len(body)
    assert complete(api, upload).json()["job_id"] == told["job_id"]


def send(part, body):
    """Send one part to S3."""
    chunk = body[part["offset"] : part["offset"] + part["size"]]
    requests.put(part["url"], data=chunk, timeout=20).raise_for_status()


def test_an_upload_that_is_given_up_leaves_nothing(api, world):
    """Its parts are removed, and giving up twice is no error."""
    upload = begin(api, PART * 2, multipart=True).json()
    url = f"/tokens/uploads/{upload['upload_id']}"

    answers = [api.client.delete(url).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert "Uploads" not in world.s3.list_multipart_uploads(Bucket=world.bucket)
    assert complete(api, upload).json()["code"] == "UPLOAD_INCOMPLETE"


def test_sizes_and_ids_are_checked_before_anything_is_signed(api):
    """A form for too much is never given out; a made-up ticket is none."""
    refused = [begin(api, size).json()["code"] for size in (0, (100 << 20) + 1)]
    unknown = api.client.get("/tokens/uploads/abc.def")
    broken = api.client.post("/tokens/t/uploads", content=b"{\x80")

    assert refused == ["EMPTY_AUDIO", "FILE_TOO_LARGE"]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UPLOAD_NOT_FOUND")
    assert (broken.status_code, broken.json()["code"]) in {
        (400, "INVALID_MESSAGE"),
        (422, "INVALID_MESSAGE"),
    }
