"""Waveforms and audio of jobs, and the answers where a job has none."""

import pytest
import requests
from support.http_api import begin, code, complete, send
from support.world import wav

PART = 8 << 20


@pytest.fixture(scope="module")
def done(api):
    """Return a job that has ended well."""
    return api.wait(api.upload(wav(seed=540), "내 노래.wav")["job_id"])


def test_audio_is_downloaded_under_the_name_of_its_file(api, done):
    """A musician who saves the audio must find the name of the uploaded file."""
    url = f"/tokens/analysis-audio/{done['job_id']}"

    plain = requests.get(api.client.get(url).headers["location"], timeout=10)
    named = api.client.get(url, params={"download": "true"}).headers["location"]

    assert plain.content == wav(seed=540)
    saved = requests.get(named, timeout=10).headers["content-disposition"]
    assert saved.endswith("%EB%82%B4%20%EB%85%B8%EB%9E%98.wav")


def test_a_job_without_a_waveform_or_audio_says_so(api, world):
    """A page must not wait for what never comes: the job failed, its file is gone."""
    told = api.wait(api.upload(b"no audio, only words")["job_id"])
    world.s3.delete_object(
        Bucket=world.bucket, Key=told["s3_url"].removeprefix(f"s3://{world.bucket}/")
    )

    answers = [
        api.client.get(f"/tokens/{route}/{told['job_id']}")
        for route in ("analysis-waveform", "analysis-audio")
    ]

    assert [code(answer) for answer in answers] == [(404, "NO_RESULT")] * 2


def test_a_mix_is_no_stem_of_another_mix(api, done):
    """A mix has no upload of its own, which a second mix could read."""
    mixed = api.client.post("/tokens/t/mix", json={"job_ids": [done["job_id"]]})
    job = mixed.json()["job_id"]

    again = api.client.post("/tokens/t/mix", json={"job_ids": [job]})

    assert code(again) == (404, "NO_RESULT")


def test_an_unknown_path_or_method_is_a_problem_too(api):
    """A client reads `code` of every refusal, whoever refused."""
    assert code(api.client.get("/tokens/nothing/here")) == (404, "NOT_FOUND")
    wrong = api.client.delete("/tokens/t/upload-audio")

    assert code(wrong) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "POST"


def test_parts_that_were_joined_before_are_enough_to_complete(api, world):
    """A client whose job could not start tries again, though S3 holds no parts now."""
    body = wav(seconds=600, seed=541)
    upload = begin(api, len(body), multipart=True).json()
    for part in upload["missing"]:
        send(part, body)
    [found] = world.s3.list_multipart_uploads(Bucket=world.bucket)["Uploads"]
    about = {
        "Bucket": world.bucket,
        "Key": found["Key"],
        "UploadId": found["UploadId"],
    }
    parts = world.s3.list_parts(**about)["Parts"]
    named = [{name: part[name] for name in ("PartNumber", "ETag")} for part in parts]
    world.s3.complete_multipart_upload(**about, MultipartUpload={"Parts": named})

    resumed = api.client.get(f"/tokens/uploads/{upload['upload_id']}").json()
    told = api.wait(complete(api, upload).json()["job_id"])

    assert resumed["missing"] == []
    assert told["result"]["file_size"] == len(body)
