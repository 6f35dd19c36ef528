"""Zoom levels, previews and identities of jobs, asked for and fetched over HTTP."""

import pytest
import requests
from support.http_api import begin, code, complete
from support.world import wav
from waveflow_local.console.dev_tokens import development_token

ASKED = {"zoom_levels": [256, 1024], "previews": ["opus", "mp3"], "audio_id": True}
STARTS = {"opus": b"OggS", "mp3": (b"ID3", b"\xff")}


@pytest.fixture(scope="module")
def done(api):
    """Return a job that was asked for all outputs, and has ended well."""
    return api.wait(api.upload(wav(seed=560), **ASKED)["job_id"])


def fetch(api, route, job, *more):
    """Return the bytes to which a route leads, by redirect and by JSON."""
    url = "/".join(["/tokens", route, job["job_id"], *map(str, more)])
    led = api.client.get(url)
    told = api.client.get(url, params={"json": "true"})
    assert (led.status_code, told.status_code) == (307, 200)
    answers = [
        requests.get(each, timeout=10)
        for each in (led.headers["location"], told.json()["url"])
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    return answers[0].content


def test_a_result_tells_what_was_asked_for(done):
    """A front-end needs keys, sizes and identity without a second question."""
    result = done["result"]

    levels = [level["samples_per_pixel"] for level in result["zoom_levels"]]
    assert levels == ASKED["zoom_levels"]
    assert {*result["previews"]} == {"opus", "mp3"}
    assert result["audio_id"].startswith("pcm1:")


def test_every_zoom_level_and_preview_is_fetched_by_a_signed_url(api, done):
    """A browser draws and plays these files, and has no right of its own to read S3."""
    for level in done["result"]["zoom_levels"]:
        body = fetch(api, "analysis-zoom", done, level["samples_per_pixel"])
        assert len(body) == level["bytes"]
    for form, preview in done["result"]["previews"].items():
        body = fetch(api, "analysis-preview", done, form)
        assert len(body) == preview["bytes"]
        assert body.startswith(STARTS[form])
    assert fetch(api, "analysis-audio", done) == wav(seed=560)


def test_a_job_without_such_an_output_says_so(api, done):
    """A page must not wait for a file that nobody asked for."""
    bare = api.wait(api.upload(wav(seed=560))["job_id"])

    wrong = [
        f"analysis-zoom/{done['job_id']}/512",
        f"analysis-zoom/{bare['job_id']}/256",
        f"analysis-preview/{bare['job_id']}/opus",
    ]

    assert not {"zoom_levels", "previews", "audio_id"} & {*bare["result"]}
    for each in wrong:
        assert code(api.client.get(f"/tokens/{each}")) == (404, "NO_RESULT")
    unknown = api.client.get(f"/tokens/analysis-preview/{done['job_id']}/aac")
    assert code(unknown) == (422, "INVALID_MESSAGE")


def test_the_outputs_of_a_job_are_its_owners_alone(api, done):
    """Another user who knows an id must neither hear nor see the recording."""
    headers = {"Authorization": f"Bearer {development_token('somebody')}"}

    for route in ("analysis-zoom/{}/256", "analysis-preview/{}/opus"):
        url = f"/tokens/{route.format(done['job_id'])}"
        answer = api.client.get(url, headers=headers)
        assert code(answer) == (404, "JOB_NOT_FOUND")


def test_an_upload_straight_to_s3_and_a_mix_take_the_same_options(api):
    """A large file and a mix need previews most, since they are the longest to load."""
    body = wav(seed=561)
    upload = begin(api, len(body), **ASKED).json()
    form = upload["form"]
    requests.post(form["url"], data=form["fields"], files={"file": body}, timeout=10)
    direct = api.wait(complete(api, upload).json()["job_id"])
    wanted = {"job_ids": [direct["job_id"]], "split_channels": True, **ASKED}

    begun = api.client.post("/tokens/t/mix", json=wanted).json()
    mixed = api.wait(begun["job_id"])

    for job in (direct, mixed):
        assert {"zoom_levels", "previews", "audio_id"} <= {*job["result"]}
        assert fetch(api, "analysis-preview", job, "mp3")
        assert fetch(api, "analysis-zoom", job, 1024)
    assert mixed["result"]["previews"]["opus"]["path"].startswith("previews/mixed/")


def test_a_mix_with_other_options_is_another_request(api, done):
    """An Idempotency-Key must not answer a mix without previews for one with some."""
    key = {"Idempotency-Key": "mix-with-outputs"}
    plain = {"job_ids": [done["job_id"]]}
    wanted = {**plain, "previews": ["opus"]}

    first = api.client.post("/tokens/t/mix", json=plain, headers=key)
    again = api.client.post("/tokens/t/mix", json=plain, headers=key)
    other = api.client.post("/tokens/t/mix", json=wanted, headers=key)

    assert first.json()["job_id"] == again.json()["job_id"]
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
