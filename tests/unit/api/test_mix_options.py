"""Options of a mix that a client of the HTTP API sends."""

import json

import msgspec
import pytest
from pydantic import ValidationError
from support.mix_jobs import JOBS, mixed
from waveflow.api.jobs.idempotency import request_hash
from waveflow.api.mix_schemas import MixBody
from waveflow.errors import InvalidMessageError
from waveflow.events.mix_options import MixOptions, StemOptions

SUM = {
    "mix": {"format": "flac24", "loudness": {"integrated": -14}},
    "stems": [{"job_id": JOBS[1], "gain_db": -3, "pan": -0.5, "offset_ms": 12}],
}


def test_the_message_names_paths_and_says_only_what_the_client_said():
    """The mix stage knows keys of S3, no jobs; a default is not part of a request."""
    fields = mixed(**SUM)["body"]["kwargs"]

    assert fields["mix"] == SUM["mix"]
    [stem] = fields["stems"]
    path = f"audio/{JOBS[1]}"
    assert stem == {"path": path, "gain_db": -3, "pan": -0.5, "offset_ms": 12}


@pytest.mark.parametrize("asked", [{}, {"mix": None, "stems": None}])
def test_a_mix_without_options_stays_the_classic_mix(asked):
    """A client of before must get the same job, and the same mono mean."""
    record = mixed(**asked)

    assert {*record["body"]["kwargs"]} == {"stageId", "stem_paths", "timestamp"}
    assert record["api"]["asked"] == request_hash(*JOBS)


def test_other_options_are_another_request():
    """An Idempotency-Key must not answer a quiet mix for a loud one."""
    several = [
        {},
        {"mix": {}},
        {"stems": []},
        *({name: value} for name, value in SUM.items()),
        {"stems": [SUM["stems"][0] | {"gain_db": -2}]},
    ]

    asked = {mixed(**each)["api"]["asked"] for each in several}

    assert len(asked) == len(several)


TRIED = {
    "mix.channels": [1, 2, 0, 3, True, 2.0, "2"],
    "mix.format": ["wav24", "wav16", "wav32f", "flac16", "flac24", "mp3", "WAV24", 1],
    "mix.sample_rate": ["first", "highest", 44_100, 96_000, 192_000, 48e3, "48000"],
    "mix.loudness": [{}, {"integrated": -14, "range": 7}, -14],
    "mix.loudness.integrated": [-30, -8, -14.5, -30.1, -7.9, "-14", True],
    "mix.loudness.true_peak": [-9, -0.5, -9.1, -0.4, "-1"],
    "mix.louder": [1],
    "stems.gain_db": [-60, 12, 0.5, -60.1, 12.1, True, "3", float("nan")],
    "stems.pan": [-1, 1, 0, -1.01, 1.01, False, "0"],
    "stems.mute": [True, False, 1, "true"],
    "stems.invert": [True, False, 0],
    "stems.offset_ms": [-600_000, 600_000, 0.02, 600_001, -600_001, "0"],
    "stems.solo": [True],
}


def nested(member, value):
    """Return the value below its member's names, with the members it needs."""
    *outer, last = member.split(".")[1:]
    made = {last: value}
    if outer:
        made = {outer[0]: {"integrated": -14} | made}
    return made


@pytest.mark.parametrize(
    ("member", "value"),
    [(member, value) for member, values in TRIED.items() for value in values],
)
def test_the_api_takes_what_the_message_takes(member, value):
    """A job that only fails in the stage tells the client too late, and not what."""
    part, options = member.split(".")[0], nested(member, value)
    if part == "mix":
        body, model, message = {"mix": options}, MixOptions, options
    else:
        body = {"stems": [{"job_id": JOBS[0]} | options]}
        model, message = StemOptions, {"path": "audio/a.wav"} | options
    try:
        msgspec.convert(message, model)
    except msgspec.ValidationError:
        with pytest.raises(ValidationError) as refused:
            MixBody(job_ids=JOBS, **body)
        named = {".".join(map(str, e["loc"])) for e in refused.value.errors()}
        assert all(name.startswith(part) for name in named), named
        assert any(member.split(".")[1] in name for name in named), named
    else:
        asked = MixBody(job_ids=JOBS, **body).choices
        assert json.loads(json.dumps(asked)) == body


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"stems": [{"job_id": "another"}]}, "stems[0].job_id"),
        ({"stems": [{"job_id": JOBS[0]}] * 2}, "stems[1].job_id"),
        (
            {"stems": [{"job_id": each, "mute": True} for each in JOBS]},
            "stems (all are muted)",
        ),
        (
            {"mix": {"channels": 1}, "stems": [{"job_id": JOBS[0], "pan": 0}]},
            "stems[0].pan (the mix has one channel)",
        ),
    ],
)
def test_members_that_do_not_fit_together_are_named(asked, named):
    """A client must learn which member to change, before a job is started."""
    with pytest.raises(InvalidMessageError) as refused:
        mixed(**asked)

    assert str(refused.value) == f"The request has an invalid {named}."
