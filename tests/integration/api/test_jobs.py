"""Routes of seed 004 on the real machine, and through a rotation of the secret."""

import jwt
import pytest
import requests
from fastapi.testclient import TestClient
from support.http_api import Api, begin, code, parse
from support.world import wav
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow.api.jobs.ids import Seal
from waveflow_local import paths
from waveflow_local.console.dev_tokens import development_token


def test_the_seeds_walk_ends_with_a_result(api, world):
    """Clients of seed 004 rely on these words and numbers."""
    body = wav(seed=400)

    job = api.upload(body, "내 노래.wav")
    events = api.events(job["job_id"])
    told = api.result(job["job_id"])

    assert job["status"] == "processing"
    assert job["message"] == "업로드 완료, 백그라운드에서 처리됩니다."
    assert {40, 70, 90, 100} <= {event["progress"] for event in events}
    assert [e["status"] for e in events[:-1]] == ["processing"] * (len(events) - 1)
    assert events[-1]["status"] == told["status"] == "completed"
    assert events[-1]["result"] == told["result"]
    assert told["token_id"] == "token-1"
    assert told["result"]["file_size"] == len(body)
    key = told["s3_url"].removeprefix(f"s3://{world.bucket}/")
    assert key.startswith("audio/")
    assert key.endswith("_내_노래.wav")
    assert world.read(key) == body


def test_a_stream_that_is_cut_goes_on_without_a_lost_event(api):
    """A client that reconnects must miss no moment, and stop after the last."""
    job = api.upload(wav(seed=401))["job_id"]
    whole = api.events(job)

    for index, event in enumerate(whole):
        assert api.events(job, after=event["id"]) == whole[index + 1 :]
    assert api.events(job, after="no number") == whole


def test_several_jobs_on_one_stream_end_a_browsers_reconnecting(api):
    """A browser would reconnect for ever if the last id did not lead to 204."""
    jobs = [api.upload(wav(seed=seed))["job_id"] for seed in (410, 411)]
    url = "/tokens/analysis-progress?" + "&".join(f"job_id={job}" for job in jobs)

    whole = parse(api.client.get(url).text)
    cut = api.client.get(url, headers={"Last-Event-ID": "1"})
    end = api.client.get(url, headers={"Last-Event-ID": whole[-1]["id"]})

    assert {event["job_id"] for event in whole} == set(jobs)
    assert [e["id"] for e in whole if e["status"] == "completed"] == ["1", "2"]
    assert len(parse(cut.text)) == len(whole)
    assert (end.status_code, end.content) == (204, b"")


def test_the_same_bytes_are_answered_from_the_job_that_had_them(api, world):
    """Equal bytes are decoded once, but never shared with another owner."""
    body = wav(seed=402)
    first = api.upload(body)
    api.wait(first["job_id"])
    before = len(world.keys("audio/"))

    again = api.upload(body, "other-name.wav")
    other = api.upload(body, num_peaks=10)
    theirs = api.client.post(
        "/tokens/token-1/upload-audio",
        files={"file": body},
        headers={"Authorization": f"Bearer {development_token('somebody')}"},
    ).json()

    assert (again["job_id"], again["cached"]) == (first["job_id"], True)
    assert len({first["job_id"], other["job_id"], theirs["job_id"]}) == 3
    assert theirs["cached"] is False
    assert api.wait(other["job_id"])["result"]["num_peaks"] == 10
    assert len(world.keys("audio/")) == before + 2


def test_a_failed_job_is_no_answer_for_the_same_bytes(api):
    """A musician who uploads again after a failure wants another try."""
    first = api.upload(b"this is no audio at all")
    told = api.wait(first["job_id"])

    again = api.upload(b"this is no audio at all")

    assert (told["status"], told["error"]["code"]) == ("failed", "UNSUPPORTED_MEDIA")
    assert again["job_id"] != first["job_id"]


def test_the_platform_may_give_the_verdict(api, world):
    """A client must see that the job waits for the platform's server."""
    world.behave("ask-me", "*", event="hash-check", times=1)
    job = api.upload(wav(seed=403), verdict="platform")["job_id"]
    world.standin.archive.wait_for(job, "hash-check")

    asked = api.result(job)
    world.standin.answer(job, {"verdict": "hold"})

    assert (asked["status"], asked["progress"]) == ("processing", 70)
    assert api.wait(job)["outcome"] == "HELD"


def test_jobs_are_mixed_in_their_order(api, world):
    """A mix offers audio and a waveform like any other job."""
    jobs = [api.upload(wav(seed=seed))["job_id"] for seed in (405, 406)]
    for job in jobs:
        api.wait(job)

    mixed = api.client.post("/tokens/token-1/mix", json={"job_ids": jobs}).json()
    told = api.wait(mixed["job_id"])

    audio = api.client.get(f"/tokens/analysis-audio/{mixed['job_id']}")
    document = api.client.get(f"/tokens/analysis-waveform/{mixed['job_id']}")
    assert told["result"]["mixed_file_path"] in audio.headers["location"]
    assert document.json()["num_peaks"] == 4000
    assert document.content == world.read(told["result"]["waveform_data_path"])


def test_a_mix_takes_levels_places_and_a_loudness(api):
    """A page must hear from the job what became of faders, and of the target."""
    jobs = [api.upload(wav(seed=seed))["job_id"] for seed in (407, 408, 409)]
    for job in jobs:
        api.wait(job)
    wanted = {
        "job_ids": jobs,
        "mix": {"format": "flac24", "loudness": {"integrated": -16}},
        "stems": [
            {"job_id": jobs[2], "mute": True},
            {"job_id": jobs[0], "gain_db": -3, "pan": -0.5, "offset_ms": 2},
        ],
    }

    mixed = api.client.post("/tokens/token-1/mix", json=wanted).json()
    result = api.wait(mixed["job_id"])["result"]

    assert result["mixed_file_path"].endswith(".flac")
    assert result["mix"]["loudness_target"] == {"integrated": -16, "true_peak": -1}
    assert [stem["muted"] for stem in result["stems"]] == [False, False, True]


def test_a_mix_of_muted_jobs_is_refused_at_once(api):
    """A client must learn which member to change from the answer to the request."""
    job = api.upload(wav(seed=410))["job_id"]
    wanted = {"job_ids": [job], "stems": [{"job_id": job, "mute": True}]}

    refused = api.client.post("/tokens/token-1/mix", json=wanted)

    assert (refused.status_code, refused.json()["code"]) == (422, "INVALID_MESSAGE")
    assert "stems (all are muted)" in refused.json()["detail"]


BROKEN = [
    (b"x", "text/plain"),
    (b"--b\r\n\r\n", "multipart/form-data; boundary=b"),
    (b"no boundary", "multipart/form-data; boundary=b"),
    (b"", "multipart/form-data"),
]


@pytest.mark.parametrize(("body", "kind"), BROKEN)
def test_a_form_that_cannot_be_read_is_refused(api, body, kind):
    """A client needs a clear answer to each way to break a form."""
    answer = api.client.post(
        "/tokens/t/upload-audio", content=body, headers={"Content-Type": kind}
    )

    assert code(answer) == (422, "INVALID_MESSAGE")


def test_a_token_id_that_no_key_may_hold_is_refused(api):
    """The token id becomes the track of a message, which the stages would refuse."""
    answer = api.client.post("/tokens/a b/upload-audio", files={"file": b"x"})

    assert code(answer) == (422, "INVALID_ID")


def test_a_form_without_its_end_stores_nothing(api, world):
    """A body that was cut must not become half a file."""
    before = world.keys("audio/")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    )

    answer = api.client.post(
        "/tokens/t/upload-audio",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert world.keys("audio/") == before


def test_an_empty_file_is_refused_before_it_is_stored(api):
    """An empty object would stay in the bucket without a job."""
    answer = api.client.post("/tokens/t/upload-audio", files={"file": ("a.wav", b"")})

    assert code(answer) == (422, "EMPTY_AUDIO")


def test_ids_of_nobody_are_not_found_and_forgotten_ones_are_gone(api, services):
    """A client must tell a job that is too old from a wrong id."""
    forgotten = services.seal.job_id("new", "long ago")

    for route in ("analysis-result", "analysis-progress", "analysis-waveform"):
        unknown = api.client.get(
            f"/tokens/{route}/73732cad-5149-44d4-a954-e9c4781635c3"
        )
        assert code(unknown) == (404, "JOB_NOT_FOUND")
        assert code(api.client.get(f"/tokens/{route}/{forgotten}")) == (
            410,
            "JOB_EXPIRED",
        )


def test_the_webhook_secret_opens_no_upload_and_proves_no_job(api):
    """A forged ticket could name any file of the bucket, another owner's too."""
    foreign = Seal(lambda: (paths.WEBHOOK_SECRET,))
    upload = begin(api, 1000).json()["upload_id"]
    content = jwt.decode(upload, options={"verify_signature": False})
    forged = foreign.close(content)
    invented = foreign.job_id("new", "x")

    resumed = [api.client.get(f"/tokens/uploads/{each}") for each in (upload, forged)]
    asked = api.client.get(f"/tokens/analysis-result/{invented}")

    assert resumed[0].status_code == 200
    assert code(resumed[1]) == (404, "UPLOAD_NOT_FOUND")
    assert code(asked) == (404, "JOB_NOT_FOUND")


OLD, NEW = "old" * 15, "new" * 15


@pytest.fixture
def knowing(settings):
    """Return a maker of APIs that know some secrets, the newest first."""

    def make(*secrets):
        made = ApiServices(settings)
        made.secrets = lambda: secrets
        app = create_app(made)
        return Api(TestClient(app, follow_redirects=False))

    return make


def test_jobs_outlive_the_secret_under_which_they_began(knowing, world):
    """A rotation of the secret must not lose a job, running or done."""
    before, after = knowing(OLD), knowing(NEW)
    done = before.upload(wav(seed=490))["job_id"]
    world.behave("ask-me", "*", event="hash-check", times=1)
    running = before.upload(wav(seed=491), verdict="platform")["job_id"]
    world.standin.archive.wait_for(running, "hash-check")
    before.wait(done)

    asked = after.result(running)
    world.standin.answer(running, {"verdict": "new"})

    assert asked["status"] == "processing"
    assert after.wait(running)["outcome"] == "SUCCESS"
    assert after.result(done) == before.result(done)
    assert after.events(done) == before.events(done)


def test_an_open_upload_ends_as_one_job_while_both_secrets_are_known(knowing):
    """An upload that is completed twice during a rotation must start one job."""
    body = wav(seed=492)
    wanted = {"filename": "a.wav", "size": len(body)}
    begun = knowing(OLD).client.post("/tokens/t/uploads", json=wanted).json()
    form = begun["form"]
    requests.post(form["url"], data=form["fields"], files={"file": body}, timeout=10)
    url = f"/tokens/uploads/{begun['upload_id']}/complete"

    both = [knowing(*known).client.post(url) for known in ((OLD,), (NEW, OLD))]
    late = knowing(NEW).client.post(url)

    assert both[0].json()["job_id"] == both[1].json()["job_id"]
    assert code(late) == (404, "UPLOAD_NOT_FOUND")


def test_an_execution_of_somebody_else_is_no_job(knowing, world):
    """Executions of the platform may be named by a UUID, and are nobody's jobs."""
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    world.pipeline.clients.sfn.start_execution(
        stateMachineArn=world.pipeline.deployment.machine_arn,
        name=name,
        input='{"odd": "input"}',
    )

    answer = knowing(NEW).client.get(f"/tokens/analysis-result/{name}")

    assert code(answer) == (404, "JOB_NOT_FOUND")
