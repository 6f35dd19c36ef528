"""Comparisons over HTTP: pairs of jobs, their documents, and refusals."""

import pytest
from support.world import wav
from waveflow_local.console.dev_tokens import development_token

URL = "/tokens/token-1/compare"


@pytest.fixture(scope="module")
def jobs(api):
    """Return the ids of two jobs of equal samples, and of a mix of both."""
    ids = [api.upload(wav(seed=seed))["job_id"] for seed in (441, 442)]
    for job in ids:
        api.wait(job)
    mixed = api.client.post("/tokens/token-1/mix", json={"job_ids": ids}).json()
    api.wait(mixed["job_id"])
    return [*ids, mixed["job_id"]]


def test_a_page_compares_jobs_and_reads_the_document(api, world, jobs):
    """A page must get the report of each pair in the order of its request."""
    one, two, mix = jobs
    pairs = [
        {"before": mix, "after": mix},
        {"before": None, "after": two},
        {"before": one},
    ]

    told = api.client.post(URL, json={"pairs": pairs}).json()
    result = api.wait(told["job_id"])["result"]
    read = api.client.get(f"/tokens/analysis-comparison/{told['job_id']}")

    assert result["statuses"] == ["same", "new", "removed"]
    assert read.content == world.read(result["comparison_path"])
    document = read.json()
    assert [pair["status"] for pair in document["pairs"]] == result["statuses"]
    assert read.headers["ETag"]
    [webhook] = world.standin.archive.wait_for(told["job_id"], "comparison-complete")
    assert webhook.verified
    assert webhook.fields["comparison_path"] == result["comparison_path"]


def test_a_repeated_request_is_the_same_job(api, jobs):
    """A client whose connection broke must not pay for the comparison twice."""
    one, two, _ = jobs

    def ask(key, **fields):
        wanted = {"pairs": [{"before": one, "after": one}], **fields}
        return api.client.post(URL, json=wanted, headers={"Idempotency-Key": key})

    first = ask("c1").json()["job_id"]
    assert ask("c1").json()["job_id"] == first
    assert ask("c2").json()["job_id"] != first
    for other in ({"num_peaks": 7}, {"pairs": [{"before": two, "after": two}]}):
        refused = ask("c1", **other)
        assert (refused.status_code, refused.json()["code"]) == (
            422,
            "IDEMPOTENCY_KEY_REUSED",
        )


WRONG = {
    "no pairs": {"pairs": []},
    "too many": {"pairs": [{"before": "a", "after": "b"}] * 65},
    "no version": {"pairs": [{"before": None, "after": None}]},
    "an unknown member": {"pairs": [{"before": "a", "x": 1}]},
    "an unknown field": {"pairs": [{"before": "a"}], "x": 1},
    "a fraction": {"pairs": [{"before": "a"}], "num_peaks": 7.0},
    "too many peaks": {"pairs": [{"before": "a"}], "num_peaks": 4001},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_at_once(api, body):
    """A client must learn of a mistake by the answer, not by a failed job."""
    assert api.client.post(URL, json=body).status_code == 422


def test_another_owners_jobs_are_neither_compared_nor_read(api, jobs):
    """An owner must not read another owner's file by comparing it."""
    pair = {"before": jobs[0], "after": jobs[0]}
    job = api.client.post(URL, json={"pairs": [pair]}).json()["job_id"]
    api.wait(job)
    other = {"Authorization": f"Bearer {development_token('somebody-else')}"}

    compared = api.client.post(URL, json={"pairs": [pair]}, headers=other)
    read = api.client.get(f"/tokens/analysis-comparison/{job}", headers=other)

    assert (compared.status_code, read.status_code) == (404, 404)


def test_another_kind_of_job_has_no_comparison(api, jobs):
    """A waveform must not be taken for a comparison's document."""
    refused = api.client.get(f"/tokens/analysis-comparison/{jobs[0]}")

    assert (refused.status_code, refused.json()["code"]) == (404, "NO_RESULT")


def test_a_comparison_has_no_file_to_compare(api, jobs):
    """A page that picks a comparison as a version must be told so."""
    pair = {"before": jobs[0], "after": jobs[0]}
    job = api.client.post(URL, json={"pairs": [pair]}).json()["job_id"]
    api.wait(job)

    wanted = {"pairs": [{"before": job, "after": jobs[0]}]}
    refused = api.client.post(URL, json=wanted)

    assert (refused.status_code, refused.json()["code"]) == (404, "NO_RESULT")
