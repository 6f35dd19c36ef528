"""Hosts and sizes of every signed URL, as AWS gets to see them."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import waveflow
from fastapi.testclient import TestClient
from support.http_api import Api, begin
from support.world import wav
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices

PART = 8 << 20
REGIONS = ("ap-northeast-2", "eu-south-2", "us-east-1")
OUTPUTS = {"zoom_levels": ["256"], "previews": ["opus"]}


@pytest.fixture(scope="module")
def jobs(api):
    """Return an upload and a mix that have ended, with every output."""
    upload = api.upload(wav(seed=530), **OUTPUTS)["job_id"]
    api.wait(upload)
    wanted = {"job_ids": [upload], "zoom_levels": [256], "previews": ["opus"]}
    mix = api.client.post("/tokens/t/mix", json=wanted).json()["job_id"]
    assert api.wait(mix)["status"] == "completed"
    return upload, mix


@pytest.fixture
def signed_for(settings, monkeypatch):
    """Return a maker of APIs that sign for a region of AWS, without an override."""

    def make(region):
        local = {n: v for n, v in settings.items() if n != "AWS_ENDPOINT_URL"}
        with monkeypatch.context() as patched:
            patched.delenv("AWS_ENDPOINT_URL")
            patched.setenv("AWS_DEFAULT_REGION", region)
            uploads = ApiServices(local).uploads
        # Beginning an upload and listing its parts are calls, not signatures.
        uploads.begin = lambda _key: "upload-1"
        uploads.parts = lambda _key, _upload: []
        made = ApiServices(settings)
        made.uploads = uploads
        return Api(TestClient(create_app(made), follow_redirects=False))

    return make


def signed_urls(api, jobs):
    """Return the URLs of every route that signs, each as JSON and as a redirect."""
    kinds = ("audio/{}", "audio/{}?download=true", "zoom/{}/256", "preview/{}/opus")
    routes = [f"/tokens/analysis-{k.format(job)}" for job in jobs for k in kinds]
    urls = [begin(api, 10).json()["form"]["url"]]
    urls += [p["url"] for p in begin(api, PART + 1, multipart=True).json()["missing"]]
    for route in routes:
        urls.append(api.client.get(route).headers["location"])
        urls.append(api.client.get(route, params={"json": "true"}).json()["url"])
    return urls


@pytest.mark.parametrize("region", REGIONS)
def test_every_url_is_signed_for_the_buckets_own_region(
    signed_for, settings, jobs, region
):
    """The global host answers 307 in a new bucket's first day, 400 in young regions."""
    urls = signed_urls(signed_for(region), jobs)

    hosts = {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls}

    assert len(urls) == 1 + 2 + 2 * 2 * 4
    assert hosts == {f"https://{settings['BUCKET_NAME']}.s3.{region}.amazonaws.com"}


def test_a_local_engine_gets_its_own_address(settings, jobs, api):
    """A developer's engine has one host for all buckets, and no name to resolve."""
    engine = settings["AWS_ENDPOINT_URL"]

    for url in signed_urls(api, jobs):
        assert url.startswith(f"{engine}/{settings['BUCKET_NAME']}")


def test_one_module_signs():
    """A URL that another client signs would miss the test of hosts."""
    modules = Path(waveflow.__file__).parent.rglob("*.py")

    signing = [path.name for path in modules if "_presigned_" in path.read_text()]

    assert signing == ["s3_uploads.py"]


def test_a_part_is_signed_with_its_size(api):
    """A URL without a size would take five gigabytes where eight megabytes are due."""
    parts = begin(api, PART + 77, multipart=True).json()["missing"]

    for part in parts:
        named = parse_qs(urlsplit(part["url"]).query)["X-Amz-SignedHeaders"]
        assert named == ["content-length;host"]
    assert [part["size"] for part in parts] == [PART, 77]
