"""`waveflow ops status` of a job on the engine, as an operator practises it."""

import json

from click.testing import CliRunner
from support.world import wav
from waveflow_local.cli.app import app


def test_a_job_is_found_with_what_to_do(api, world, monkeypatch):
    """An operator practises on the engine what helps on AWS at night."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.pipeline.endpoint)
    well = api.upload(wav(seed=570))["job_id"]
    badly = api.upload(json.dumps({"no": "audio"}).encode())["job_id"]
    ended = [api.wait(job)["status"] for job in (well, badly)]

    said = [
        CliRunner().invoke(app, ["ops", "status", job, "--stack", "local"])
        for job in (well, badly, "nobody")
    ]

    assert ended == ["completed", "failed"]
    assert [each.exit_code for each in said] == [0, 0, 3]
    assert said[0].output.endswith("do: nothing\n")
    assert said[1].output.startswith("FAILED in Failed after")
    assert said[1].output.endswith("do: nothing; the server was told\n")
    assert said[2].output == "No execution of the last 7 days knows nobody.\n"
