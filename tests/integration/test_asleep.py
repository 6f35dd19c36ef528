"""Functions of the local engine that are asleep, as after weeks without a call."""

import urllib.error
import urllib.request

import pytest
from support.world import ended
from waveflow_local.engine.sleep import ASLEEP_PATH, WAKES_AFTER_S, Sleep

PENDING = "Lambda.CodeArtifactUserPendingException"


def fall_asleep(world):
    """Let every function of the engine sleep, as the page does."""
    url = world.pipeline.endpoint + ASLEEP_PATH
    request = urllib.request.Request(url, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def test_an_upload_after_a_quiet_month_is_done_and_told(world):
    """A first upload must end as any other, though every function was asleep."""
    fall_asleep(world)

    message, seen = world.upload(analysis=True)

    assert seen.status == "SUCCEEDED"
    assert ended(world, message["stemId"])["status"] == "SUCCESS"
    woken = {s.name: s.errors for s in seen.states if s.name in {"Hash", "Ask"}}
    for errors in woken.values():
        assert {error for error, _ in errors} == {PENDING}
    assert woken.keys() == {"Hash", "Ask"}


def test_the_first_call_of_each_function_wakes_it():
    """A function that slept for ever, or not at all, would teach a developer nothing."""
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
    request = urllib.request.Request(url, method=method)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)

    assert refused.value.code == 405
    assert "Access-Control-Allow-Origin" not in refused.value.headers
    assert world.upload()[1].states[1].errors == []
