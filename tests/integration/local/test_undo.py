"""Undo a deletion by the page's own routes, on the running pipeline."""

import time

import pytest
from fastapi.testclient import TestClient
from support.http_api import Api
from support.world import wav
from waveflow_local.console.api_server import application, environment
from waveflow_local.console.place import Place

ENDS_WITHIN_S = 30


@pytest.fixture(name="page")
def _page(world, monkeypatch):
    """Return the application that serves the page, as `waveflow up` starts it."""
    place = Place(endpoint=world.pipeline.endpoint)
    for name, value in environment(place).items():
        monkeypatch.setenv(name, value)
    with TestClient(application(place), follow_redirects=False) as client:
        yield Api(client)


@pytest.fixture(name="copy")
def _copy(page, world):
    """Return the job of a deleted copy."""
    return deleted_copy(page, world)


def deleted_copy(page, world, **asked):
    """Upload the same bytes twice and return the job of the deleted copy."""
    body = wav(seed=time.time_ns() % 2**32)
    page.wait(page.upload(body, verdict="platform")["job_id"])
    time.sleep(1.05 - time.time() % 1)  # S3 tells the older copy by whole seconds
    job = page.upload(body, verdict="platform", **asked)["job_id"]
    assert page.wait(job)["outcome"] == "DUPLICATE"
    assert world.told(job, "completion")[-1]["status"] == "DUPLICATE"
    return job


def redelivered(page, job):
    """Deliver a job's message once more; return the states that it entered."""
    delivery = page.client.post(f"/local/again/{job}", json={}).json()
    return followed(page, job, delivery)


def followed(page, job, delivery):
    """Wait for the end of a delivery, as the page does, and return its states."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        seen = page.client.post(f"/local/again/{job}/now", json=delivery).json()
        if seen["status"] != "RUNNING":
            assert seen["status"] == "SUCCEEDED", seen
            return seen["states"]
        time.sleep(0.05)
    raise AssertionError("The delivery did not end.")


def audio(page, job):
    """Return the status of the page's request for a job's audio."""
    return page.client.get(f"/tokens/analysis-audio/{job}").status_code


def test_a_restored_copy_survives_the_next_delivery(page, world, copy):
    """Queues deliver twice; a musician's restored file must not vanish again."""
    assert audio(page, copy) == 404

    answer = page.client.post(f"/local/undo/{copy}", json={})
    states = redelivered(page, copy)

    assert answer.status_code == 200
    assert states[-2:] == ["Waveform", "Tell"]
    assert world.told(copy, "completion")[-1]["status"] == "SUCCESS"
    assert audio(page, copy) == 307


def test_a_restored_copy_is_drawn_at_once(page, world, copy):
    """A file that was deleted before it was drawn has no waveform to show."""
    assert page.client.get(f"/local/waveform/{copy}").status_code == 404

    drawing = page.client.post(f"/local/undo/{copy}", json={}).json()["drawing"]
    states = followed(page, copy, drawing)

    document = page.client.get(f"/local/waveform/{copy}").json()
    assert states == ["Route", "HashAgain", "Verdict", "Waveform", "Tell"]
    assert world.told(copy, "completion")[-1]["status"] == "SUCCESS"
    assert len(document["peaks"]) == 1024
    assert page.client.get(f"/local/picture/{copy}.svg").text.startswith("<svg")


def test_a_restored_copy_has_what_its_upload_asked_for(page, world):
    """A restored stem must zoom and play like every other stem."""
    copy = deleted_copy(page, world, zoom_levels=[64], previews=["opus"], audio_id=True)

    drawing = page.client.post(f"/local/undo/{copy}", json={}).json()["drawing"]
    followed(page, copy, drawing)

    result = world.told(copy, "completion")[-1]["result"]
    assert [level["samples_per_pixel"] for level in result["zoom_levels"]] == [64]
    assert result["previews"]["opus"]["bytes"] > 0
    assert result["audio_id"].startswith("pcm1:")


def test_a_newer_zoom_file_is_not_taken_for_the_document(page, world, copy):
    """A redraw that adds zoom levels must not blank a restored stem's waveform."""
    drawing = page.client.post(f"/local/undo/{copy}", json={}).json()["drawing"]
    followed(page, copy, drawing)
    pipeline = world.pipeline
    time.sleep(1.05 - time.time() % 1)  # S3 tells the newest object by whole seconds
    pipeline.clients.s3.put_object(
        Bucket=pipeline.deployment.bucket,
        Key=f"waveforms/{copy}_zoom_1/64.dat",
        Body=b"\x01",
    )

    document = page.client.get(f"/local/waveform/{copy}").json()

    assert len(document["peaks"]) == 1024


def test_a_second_undo_is_refused_and_changes_nothing(page, world, copy):
    """Two tabs may press the button; the second must not send another message."""
    drawing = page.client.post(f"/local/undo/{copy}", json={}).json()["drawing"]
    followed(page, copy, drawing)
    started = sum(map(len, world.started.values()))

    answer = page.client.post(f"/local/undo/{copy}", json={})

    assert answer.status_code == 409
    assert sum(map(len, world.started.values())) == started


def test_a_job_that_was_never_deleted_has_nothing_to_undo(page):
    """A drawn upload has no record, and the page is told in one sentence."""
    job = page.upload(wav(seed=901))["job_id"]
    page.wait(job)

    assert page.client.post(f"/local/undo/{job}", json={}).status_code == 404
