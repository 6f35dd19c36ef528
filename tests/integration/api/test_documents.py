"""Documents in gzip and with an ETag, HEAD, and the route of a health check."""

import pytest
import requests
from support.http_api import code
from support.world import wav
from waveflow_local.console.api_process import ApiProcess
from waveflow_local.console.place import Place


@pytest.fixture(scope="module")
def job(api):
    """Return the id of a job that has ended."""
    job_id = api.upload(wav(seed=550))["job_id"]
    api.wait(job_id)
    return job_id


@pytest.fixture(name="paths")
def _paths(job):
    return ["/docs", "/openapi.json", f"/tokens/analysis-waveform/{job}"]


def plain(api, path, **headers):
    """Ask for a document without gzip, unless the headers say so."""
    return api.client.get(path, headers={"Accept-Encoding": "identity", **headers})


def test_a_known_document_is_not_sent_again(api, paths):
    """A page that asks for the same waveform at each visit pays for it once."""
    for path in paths:
        first = plain(api, path)
        again = plain(api, path, **{"If-None-Match": first.headers["etag"]})
        strong = first.headers["etag"].removeprefix("W/")
        listed = plain(api, path, **{"If-None-Match": f'"other", {strong}'})
        other = plain(api, path, **{"If-None-Match": '"other"'})

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert listed.status_code == 304
        assert (other.status_code, other.content) == (200, first.content)
        assert first.headers["cache-control"] == "private,no-cache"


def test_a_document_comes_in_gzip_where_the_client_takes_it(api, paths):
    """JSON of numbers is a third in gzip, and a proxy must not mix up the two."""
    for path in paths:
        bare = plain(api, path)
        packed = plain(api, path, **{"Accept-Encoding": "br, gzip;q=0.5"})
        refused = plain(api, path, **{"Accept-Encoding": "gzip;q=0"})

        assert "content-encoding" not in bare.headers
        assert "content-encoding" not in refused.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < len(bare.content) / 2
        assert packed.content == bare.content
        assert packed.headers["vary"] == bare.headers["vary"] == "Accept-Encoding"


def test_a_head_has_the_headers_of_its_get(api, job, paths):
    """`curl -I`, link checkers and proxies ask by HEAD; 405 looks like a fault."""
    result = f"/tokens/analysis-result/{job}"
    for path in [*paths, result, "/health"]:
        told = plain(api, path)
        head = api.client.head(path, headers={"Accept-Encoding": "identity"})

        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == told.headers.get(name), path
    assert api.client.head(f"/tokens/analysis-audio/{job}").status_code == 307
    assert api.client.head("/tokens/analysis-result/nobody").status_code == 404


def test_a_head_opens_no_stream(api, job):
    """A stream whose events nobody reads would take one of an owner's eight seats."""
    answer = api.client.head(f"/tokens/analysis-progress/{job}")

    assert answer.status_code == 405


def test_a_health_check_needs_no_token_and_no_aws(configured):
    """A load balancer must not take the API out because AWS throttles, or a token."""
    client = configured(
        API_REQUIRE_TOKEN="1", AWS_ENDPOINT_URL="http://127.0.0.1:9", API_RATE_BURST="1"
    )

    answers = [client.get("/health") for _ in range(5)]

    assert {each.status_code for each in answers} == {200}
    assert answers[0].json() == {"status": "ok"}
    assert code(client.get("/tokens/analysis-result/x")) == (401, "UNAUTHORIZED")


def test_the_server_itself_answers_head(world):
    """A server that waits for a body that HEAD never has would hold the connection."""
    with ApiProcess(Place(endpoint=world.pipeline.endpoint, port=0)) as process:
        url, session = process.url(), requests.Session()
        heads = [
            session.head(f"{url}{path}", timeout=5) for path in ("/openapi.json", "/")
        ]
        after = session.get(f"{url}/health", timeout=5)

    assert [each.status_code for each in heads] == [200, 307]
    assert int(heads[0].headers["content-length"]) > 1000
    assert after.json() == {"status": "ok"}
