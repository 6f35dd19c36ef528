"""Large files that go to S3 directly, each with its ticket."""

import base64
import json

import jwt
import pytest
import requests
from support.http_api import begin, code, complete, send
from support.world import wav
from waveflow_local.console import dev_tokens

PART = 8 << 20


@pytest.mark.parametrize("size", [1, 1000, 20 << 20])
def test_a_signed_form_allows_no_byte_more_than_announced(api, size):
    """A form that allows ten times the size would fill the bucket past every limit."""
    fields = begin(api, size).json()["form"]["fields"]

    conditions = json.loads(base64.b64decode(fields["policy"]))["conditions"]

    assert ["content-length-range", 1, size] in conditions


def test_a_signed_form_takes_one_file_of_that_size(api, world):
    """A form signs a key and a length, and `complete` starts its job once."""
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
    """A client whose upload was cut sends the missing parts alone, in any order."""
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


def test_an_upload_that_is_given_up_leaves_nothing(api, world):
    """Parts of an upload that is given up would be stored and paid for."""
    upload = begin(api, PART * 2, multipart=True).json()
    url = f"/tokens/uploads/{upload['upload_id']}"

    answers = [api.client.delete(url).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert "Uploads" not in world.s3.list_multipart_uploads(Bucket=world.bucket)


def test_sizes_and_ids_are_checked_before_anything_is_signed(api):
    """A signed form for too many bytes could not be taken back."""
    refused = [begin(api, size).json()["code"] for size in (0, (100 << 20) + 1)]
    unknown = api.client.get("/tokens/uploads/abc.def")

    assert refused == ["EMPTY_AUDIO", "FILE_TOO_LARGE"]
    assert code(unknown) == (404, "UPLOAD_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"filename": "\x80"}', 400),
        (b"{\x80", 400),
        (b"{", 422),
        (b"[]", 422),
        (b"{}", 422),
    ],
)
def test_a_body_that_announces_no_file_is_refused(api, body, status):
    """A client must tell a body in another encoding from one with wrong fields."""
    answer = api.client.post(
        "/tokens/t/uploads", content=body, headers={"Content-Type": "application/json"}
    )

    assert code(answer) == (status, "INVALID_MESSAGE")


def post(upload, body):
    """Post a file to S3."""
    form = upload["form"]
    sent = requests.post(
        form["url"], data=form["fields"], files={"file": body}, timeout=10
    )
    sent.raise_for_status()


def way(upload):
    """Return the upload's own URL."""
    return f"/tokens/uploads/{upload['upload_id']}"


def test_a_file_of_another_size_starts_no_job(api):
    """A form also takes a file that was cut short."""
    body = wav(seed=520)
    upload = begin(api, len(body)).json()
    post(upload, body[:-10])

    short = complete(api, upload)
    post(upload, body)
    whole = complete(api, upload)

    assert code(short) == (409, "UPLOAD_INCOMPLETE")
    assert str(len(body) - 10) in short.json()["detail"]
    assert api.wait(whole.json()["job_id"])["result"]["file_size"] == len(body)


@pytest.mark.parametrize("multipart", [False, True])
def test_an_upload_that_is_given_up_is_over(api, multipart):
    """A file that arrived before the upload was given up must not start a job."""
    body = wav(seed=521)
    upload = begin(api, len(body), multipart=multipart).json()
    if multipart:
        send(upload["missing"][0], body)
    else:
        post(upload, body)

    given_up = [api.client.delete(way(upload)).status_code for _ in range(2)]

    assert given_up == [204, 204]
    assert code(api.client.get(way(upload))) == (404, "UPLOAD_NOT_FOUND")
    assert code(complete(api, upload)) == (404, "UPLOAD_NOT_FOUND")


def test_an_upload_is_its_owners_alone(api):
    """A stranger with the address of an upload must neither see, start nor end it."""
    upload = begin(api, PART + 1, multipart=True).json()
    token = dev_tokens.development_token("somebody")
    theirs = {"Authorization": f"Bearer {token}"}

    answers = [
        api.client.get(way(upload), headers=theirs),
        api.client.post(f"{way(upload)}/complete", headers=theirs),
        api.client.delete(way(upload), headers=theirs),
    ]

    assert {code(answer) for answer in answers} == {(404, "UPLOAD_NOT_FOUND")}
    assert api.client.get(way(upload)).status_code == 200


@pytest.mark.parametrize("multipart", [False, True])
def test_a_job_that_was_started_stays(api, world, multipart):
    """A repeated `complete` must return the job, even when its object is gone."""
    body = wav(seed=522)
    upload = begin(api, len(body), multipart=multipart).json()
    if multipart:
        send(upload["missing"][0], body)
    else:
        post(upload, body)
    job = complete(api, upload).json()["job_id"]
    key = api.wait(job)["s3_url"].removeprefix(f"s3://{world.bucket}/")

    api.client.delete(way(upload))
    kept = world.read(key)
    world.s3.delete_object(Bucket=world.bucket, Key=key)

    assert kept == body
    assert complete(api, upload).json()["job_id"] == job


def test_the_longest_names_make_a_ticket_that_the_routes_take(api):
    """Hangul has three bytes a letter, and issuers give out long subjects."""
    name, owner = "가" * 600 + ".wav", "😀" * 255
    claims = {"iss": dev_tokens.ISSUER, "sub": owner, "exp": 9_999_999_999}
    token = jwt.encode(claims, dev_tokens._KEY, headers={"kid": dev_tokens.KEY_ID})
    headers = {"Authorization": f"Bearer {token}"}
    upload = api.client.post(
        f"/tokens/{'t' * 128}/uploads",
        json={"filename": name, "size": PART + 1, "multipart": True},
        headers=headers,
    ).json()

    answers = [
        api.client.get(way(upload), headers=headers),
        api.client.delete(way(upload), headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [200, 204]


def test_a_name_is_shown_without_its_folder_or_control_characters(api):
    """Pages and logs show the name that a client gave its file."""
    body = wav(seed=523)
    upload = begin(api, len(body), filename="..\\a/b\x1b[31m.wav").json()
    post(upload, body)

    direct = api.result(complete(api, upload).json()["job_id"])
    through = api.result(api.upload(wav(seed=524), "/etc/\u202ea.wav")["job_id"])

    assert (direct["filename"], through["filename"]) == ("b[31m.wav", "a.wav")
