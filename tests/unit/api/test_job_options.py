"""Options of a job: what a message asks for, and which job an upload is."""

import json
from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import ValidationError
from support.mix_jobs import CONTEXT, JOBS, SEAL, mixed
from waveflow.api.jobs.idempotency import KnownJobs, request_hash
from waveflow.api.mix_schemas import MixBody
from waveflow.api.problems import answer_problems
from waveflow.api.schemas import BeginUploadBody, JobOptions

SHA = "ab" * 32
ASKED = {
    "zoom_levels": [256, 1024],
    "split_channels": True,
    "previews": ["opus", "mp3"],
    "audio_id": True,
}


class Machine:
    """Machine without any execution."""

    def describe(self, _name):
        """Return None: no execution has this name."""


class Upload:
    """Upload of known bytes."""

    sha256 = SHA


def job_id_of(options):
    """Return the id of the job of known bytes with these options."""
    known = KnownJobs(Machine(), objects=None, seal=SEAL)
    job_id, _ = known.of_bytes(CONTEXT, Upload(), options=options)
    return job_id


def test_a_job_that_asks_for_nothing_keeps_its_id_and_its_message():
    """A client that repeats an upload after an update must meet the job from before."""
    nothing = JobOptions()

    assert nothing.message_fields == {"num_peaks": 1024, "analysis": False}
    assert job_id_of(nothing) == SEAL.job_id(
        "bytes", "anna", "t1", SHA, "1024 False", "0"
    )
    assert [*nothing.choices.values()] == [1024, "none", False]


def test_a_mix_that_asks_for_nothing_is_the_request_of_before():
    """A client that repeats a mix after an update must meet the mix from before."""
    bare, rich = mixed(), mixed(**ASKED)

    assert bare["api"]["asked"] == request_hash(*JOBS) != rich["api"]["asked"]
    fields = {"stageId", "stem_paths", "timestamp"}
    assert {*bare["body"]["kwargs"]} == fields
    assert {*rich["body"]["kwargs"]} - fields == {"waveform", "previews", "audio_id"}


def test_every_output_is_another_job():
    """A client that asks for a preview now must not get yesterday's job without any."""
    several = [{}, *({name: value} for name, value in ASKED.items()), ASKED]
    several += [{"previews": []}, {"zoom_levels": []}, {"audio_id": False}]

    ids = {job_id_of(JobOptions(**asked)) for asked in several}
    keyed = {request_hash(*JobOptions(**asked).choices.values()) for asked in several}

    assert len(ids) == len(keyed) == len(several)


def test_a_message_gets_the_options_by_its_own_names():
    """The stages know `waveform`, and would refuse `zoom_levels` by itself."""
    fields = JobOptions(**ASKED).message_fields

    assert fields == {
        "num_peaks": 1024,
        "analysis": False,
        "waveform": {"zoom_levels": [256, 1024], "split_channels": True},
        "previews": ["opus", "mp3"],
        "audio_id": True,
    }


def test_an_option_can_be_turned_off():
    """A stack may ask for every upload; a client must be able to say no."""
    off = JobOptions(zoom_levels=[], previews=[], audio_id=False)

    assert off.outputs == {
        "waveform": {"zoom_levels": []},
        "previews": [],
        "audio_id": False,
    }


BAD = [
    *(("zoom_levels", each) for each in ([63], [65_537], [64, 96], [128, 64])),
    *(("zoom_levels", each) for each in ([64, 64], [64.0], [True], [1e400], 64)),
    ("zoom_levels", [64, 128, 256, 512]),
    ("previews", ["opus", "opus"]),
    ("previews", ["aac"]),
    ("previews", "opus"),
    ("split_channels", "perhaps"),
    ("audio_id", 2),
]


@pytest.mark.parametrize(("name", "value"), BAD)
@pytest.mark.parametrize(
    ("model", "needed"),
    [(BeginUploadBody, {"filename": "a", "size": 1}), (MixBody, {"job_ids": ["a"]})],
)
def test_a_body_with_an_option_that_no_stage_takes_is_refused(
    model, needed, name, value
):
    """A job that only fails later costs the client an upload."""
    with pytest.raises(ValidationError) as refused:
        model(**needed, **{name: value})

    assert {fault["loc"][0] for fault in refused.value.errors()} == {name}


REFUSED = [
    "zoom_levels=63",
    "zoom_levels=64&zoom_levels=96",
    "zoom_levels=64.5",
    "zoom_levels=256%2C1024",
    "previews=aac",
    "previews=opus&previews=opus",
    "audio_id=perhaps",
    "split_channels=maybe",
]


@pytest.fixture(scope="module")
def asked():
    """Return a client of a route that answers the options it was asked with."""
    app = FastAPI()
    answer_problems(app)

    @app.get("/")
    def route(options: Annotated[JobOptions, Query()]):
        return options.outputs

    return TestClient(app)


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_is_refused_by_the_members_name_alone(asked, query):
    """A developer must learn which member is wrong; values may be somebody's secret."""
    name, _, value = query.partition("=")

    answer = asked.get(f"/?{query}")

    told = json.dumps(answer.json())
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_MESSAGE")
    assert name in told
    assert value.partition("&")[0] not in told


def test_a_query_repeats_the_name_of_a_list(asked):
    """A query has no lists, so each item comes under the same name."""
    query = "zoom_levels=256&zoom_levels=1024&previews=opus&previews=mp3&audio_id=true"

    assert asked.get(f"/?{query}").json() == {
        "waveform": {"zoom_levels": [256, 1024]},
        "previews": ["opus", "mp3"],
        "audio_id": True,
    }
    assert asked.get("/").json() == {}
