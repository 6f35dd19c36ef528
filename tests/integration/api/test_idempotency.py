"""Files and requests that are sent again; an upload may be the only copy."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.http_api import code
from support.platform import next_second
from support.world import wav


def upload(api, body, key, **query):
    """Upload a file with an Idempotency-Key."""
    return api.client.post(
        "/tokens/token-1/upload-audio",
        params=query,
        files={"file": body},
        headers={"Idempotency-Key": key},
    )


def mix(api, jobs, key):
    """Mix jobs with an Idempotency-Key."""
    return api.client.post(
        "/tokens/token-1/mix", json={"job_ids": jobs}, headers={"Idempotency-Key": key}
    )


def test_a_repeated_request_is_the_same_job(api, world):
    """A client whose answer was lost sends its key again, and must not store twice."""
    body = wav(seed=500)
    first = upload(api, body, "repeat", verdict="platform").json()["job_id"]
    before = world.keys("audio/")

    again = upload(api, body, "repeat", verdict="platform").json()["job_id"]

    assert again == first
    assert world.keys("audio/") == before


def test_one_key_for_two_operations_is_two_jobs(api):
    """A client that asks for a mix must not get an upload's job."""
    jobs = [upload(api, wav(seed=seed), f"k{seed}").json()["job_id"] for seed in (1, 2)]
    for job in jobs:
        api.wait(job)

    mixed, again = (mix(api, jobs, "k1").json()["job_id"] for _ in range(2))

    assert mixed == again
    assert mixed not in jobs
    assert "mixed_file_path" in api.wait(mixed)["result"]


def test_a_key_that_asked_for_something_else_is_refused(api, world):
    """A client must not get the first job for another file or other options."""
    body = wav(seed=503)
    job = upload(api, body, "other").json()["job_id"]
    api.wait(job)
    mix(api, [job, api.upload(wav(seed=504))["job_id"]], "other")
    before = world.keys("audio/")

    answers = [
        upload(api, wav(seed=505), "other"),
        upload(api, body, "other", num_peaks=10),
        mix(api, [job], "other"),
    ]

    assert {code(a) for a in answers} == {(422, "IDEMPOTENCY_KEY_REUSED")}
    assert world.keys("audio/") == before


def test_of_two_files_with_one_key_at_once_one_is_refused(api):
    """The slower client must learn that the job is about another file."""
    bodies = [wav(seconds=5, seed=seed) for seed in (506, 507)]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda body: upload(api, body, "race"), bodies))

    assert sorted(answer.status_code for answer in answers) == [200, 422]


@pytest.mark.parametrize("verdict", ["none", "platform"])
def test_a_repeated_upload_whose_object_is_gone_is_stored_again(api, world, verdict):
    """A known key is no reason to drop the only copy of a file."""
    body, key = wav(seed=508), f"gone-{verdict}"
    first = upload(api, body, key, verdict=verdict).json()
    told = api.wait(first["job_id"])
    world.s3.delete_object(
        Bucket=world.bucket, Key=told["s3_url"].removeprefix(f"s3://{world.bucket}/")
    )

    again = upload(api, body, key, verdict=verdict).json()

    stored = api.wait(again["job_id"])["s3_url"].removeprefix(f"s3://{world.bucket}/")
    assert world.read(stored) == body


def test_a_repeat_of_a_proved_duplicate_is_not_stored_again(api, world):
    """The duplicate was deleted on purpose, and the older file holds the bytes."""
    body = wav(seed=509)
    api.wait(upload(api, body, "older", verdict="platform").json()["job_id"])
    next_second()
    job = upload(api, body, "newer", verdict="platform").json()["job_id"]
    told = api.wait(job)
    before = world.keys("audio/")

    again = upload(api, body, "newer", verdict="platform").json()["job_id"]

    assert told["outcome"] == "DUPLICATE"
    assert again == job
    assert world.keys("audio/") == before


def key_of(world, told):
    """Return the key of a job's audio."""
    return told["s3_url"].removeprefix(f"s3://{world.bucket}/")


def test_bytes_whose_object_is_gone_are_stored_again(api, world):
    """A job with a waveform but without audio is no reason to drop an upload."""
    body = wav(seed=460)
    first = api.upload(body)
    lost = key_of(world, api.wait(first["job_id"]))
    world.s3.delete_object(Bucket=world.bucket, Key=lost)

    again = api.upload(body)

    assert again["cached"] is False
    assert world.read(key_of(world, api.wait(again["job_id"]))) == body


def test_bytes_whose_object_is_another_now_are_stored_again(api, world):
    """An overwritten object is not the musician's file, so the upload must be kept."""
    body = wav(seed=461)
    first = api.upload(body)
    key = key_of(world, api.wait(first["job_id"]))
    world.put(key, b"overwritten")

    again = api.upload(body)

    assert again["cached"] is False
    assert world.read(key_of(world, api.wait(again["job_id"]))) == body
