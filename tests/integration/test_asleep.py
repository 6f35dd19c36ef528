"""Functions of the local engine that are asleep, as after weeks without a call."""

import pytest
import requests
from fastapi import HTTPException
from support.world import ended
from waveflow_local.console.place import Place
from waveflow_local.console.playground import Playground
from waveflow_local.engine.sleep import ASLEEP_PATH, WAKES_AFTER_S, Sleep

PENDING = "Lambda.CodeArtifactUserPendingException"


def page(endpoint):
    """Return the page's own routes, without the API's jobs."""
    return Playground(Place(endpoint=endpoint), services=None)


def test_an_upload_after_a_quiet_month_is_done_and_told(world):
    """A first upload must end as any other, though every function was asleep."""
    page(world.pipeline.endpoint).sleep()

    message, seen = world.upload(analysis=True)

    assert seen.status == "SUCCEEDED"
    assert ended(world, message["stemId"])["status"] == "SUCCESS"
    woken = {s.name: s.errors for s in seen.states if s.name in {"Hash", "Ask"}}
    for errors in woken.values():
        assert {error for error, _ in errors} == {PENDING}
    assert woken.keys() == {"Hash", "Ask"}


def test_the_first_call_of_each_function_wakes_it():
    """A function that never slept, or for ever, would teach a developer nothing."""
    now = [0.0]
    sleep = Sleep(lambda seconds: seconds / 10, clock=lambda: now[0])
    woken = WAKES_AFTER_S / 10

    before = sleep.rejects("hash")
    sleep.begin()
    first = sleep.rejects("hash")
    now[0] = woken - 1
    late = sleep.rejects("notify")
    now[0] = woken

    assert (before, first, late) == (False, True, True)
    assert [sleep.rejects(name) for name in ("hash", "notify")] == [False, True]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_other_page_can_put_the_functions_to_sleep(world, method):
    """A page of another origin may send GET and POST to a developer's machine."""
    url = world.pipeline.endpoint + ASLEEP_PATH

    refused = requests.request(method, url, timeout=10)

    assert refused.status_code == 405
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert world.upload()[1].states[1].errors == []


def test_a_switch_without_an_engine_is_one_sentence():
    """A developer whose engine has ended must read that, and no traceback."""
    with pytest.raises(HTTPException) as refused:
        page("http://127.0.0.1:9").sleep()

    assert (refused.value.status_code, refused.value.detail) == (
        503,
        "The engine does not answer.",
    )
