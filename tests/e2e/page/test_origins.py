"""The page as in production: three origins, and a bearer token."""

from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile
from support.console import console, walk

RATE, SECONDS = 22_050, 4


@pytest.fixture(name="page", scope="module")
def _page(tmp_path_factory):
    """Run `waveflow up` as on AWS, and return the page's address with the token."""
    folder = tmp_path_factory.mktemp("origins")
    with console(folder, "--require-token"):
        lines = (folder / "up.log").read_text().splitlines()
        [address] = [line for line in lines if line.startswith("# page: ")]
        yield address.removeprefix("# page: ")


@pytest.fixture(name="seen", scope="module")
def _seen(browser, page, tmp_path_factory):
    """Return the browser's findings at each step."""
    folder = tmp_path_factory.mktemp("sounds")
    t = np.arange(RATE * SECONDS) / RATE
    for name, pitch in (("drums.wav", 110), ("bass.flac", 55)):
        sound = np.sin(2 * np.pi * pitch * t) * 0.4
        soundfile.write(folder / name, np.stack([sound, sound * 0.5], axis=1), RATE)
    return walk(Path(__file__).with_name("origins.mjs"), page, browser, folder)


def test_a_page_of_another_origin_uploads_follows_plays_and_mixes(seen):
    """A front-end on AWS lives on a third origin; nothing may need its cookies."""
    assert seen["played"].endswith("/ 0:04")
    assert seen["saved"].endswith(".wav")
    assert seen["faults"] == []
    assert seen["refused"] == []


def test_every_request_carries_what_its_origin_asks_for(seen):
    """S3 refuses a second signature, and the API each request without a token."""
    assert seen["seen"]["api"] == ["tokens, with a token"]
    assert seen["seen"]["bucket"] == ["waveflow-local, without"]
    assert "tokens, with a token" not in seen["seen"]["page"]


def test_the_documents_example_reads_events(seen):
    """A front-end developer copies these lines on the first day."""
    assert seen["example"] == {"last": "message completed", "status": 204}


def test_a_redirect_across_origins_is_refused(seen):
    """The browser says `Origin: null` behind the redirect: the JSON is the way."""
    assert seen["redirect"] == "refused by the browser"


def test_a_part_of_another_size_is_refused(seen):
    """Whoever holds a part's URL must not fill the bucket by a larger body."""
    assert seen["parts"] == {"larger": 403, "whole": 200, "form": 204}


def test_the_token_leaves_the_address_bar(seen, page):
    """A token in the history would be read by whoever uses the browser next."""
    assert "token" in page
    assert seen["address"] == page.split("#", maxsplit=1)[0] + "page/"


def test_without_the_token_nobody_is_let_in(seen, page):
    """A developer must see what production refuses, and the page must say why."""
    api = page.split("#api=")[1].split("&", maxsplit=1)[0]

    refused = requests.get(f"{api}/tokens/analysis-result/x", timeout=20)

    assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
    assert seen["without a token"] == (
        "Asking the API failed: This page has no token: "
        "open the address that waveflow up prints."
    )
