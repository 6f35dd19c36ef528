"""Check the stand-in against the promises of the platform's server."""

import json

import pytest
import requests
from waveflow_local.standin.answers import GARBAGE, next_message, verdict_for
from waveflow_local.standin.behaviours import Rule, Script
from waveflow_local.standin.server import StandIn
from waveflow_local.standin.table import OlderStem, StemTable

OLDER = OlderStem("stem-1", "audio/1.wav")


@pytest.fixture(name="table")
def _table():
    """Make an empty table."""
    table = StemTable()
    yield table
    table.close()


def test_a_table_knows_no_stem_of_an_earlier_start(tmp_path):
    """The second `make up` must not call each file of the first a duplicate."""
    path = tmp_path / "server.sqlite"
    earlier = StemTable(path)
    earlier.remember(question("stem-1"))
    earlier.close()

    table = StemTable(path)

    assert table.remember(question("stem-2")) is None
    assert [stem["stem_id"] for stem in table.stems()] == ["stem-2"]
    table.close()


def question(stem: str, *, audio_hash: str = "h", user: str = "u", track: str = "t"):
    """Return the part of a hash-check that the table reads."""
    return {
        "stemId": stem,
        "userId": user,
        "trackId": track,
        "filepath": f"audio/{stem}.wav",
        "audio_hash": audio_hash,
    }


def completion(stem: str, status: str):
    """Return the part of a completion that the table reads."""
    return {"stemId": stem, "status": status, "result": {}, "audio_wave_path": None}


def test_a_lone_surrogate_does_not_fell_the_stand_in(tmp_path):
    """A name may hold a lone surrogate, and the list of webhooks must still be JSON."""
    name = {"original_filename": "\ud800"}
    with StandIn(data=tmp_path) as standin:
        url = standin.url.removesuffix("/webhook")
        requests.post(f"{standin.url}/completion", json=name, timeout=10)
        listed = requests.get(f"{url}/webhooks", timeout=10).json()

    [kept] = (tmp_path / "webhooks").iterdir()
    assert listed[0]["body"] == name
    assert json.loads(kept.read_bytes())["body"] == name


def test_the_older_stem_survives(table):
    """The older stem must survive, or a musician's first upload is deleted."""
    table.remember(question("a"))

    found = table.remember(question("b"))

    assert found == OlderStem("a", "audio/a.wav")


def test_a_stem_is_no_duplicate_of_itself(table):
    """A redelivered message asks about its own row, and must not be a duplicate."""
    table.remember(question("a"))

    assert table.remember(question("a")) is None


def test_an_older_stem_is_no_duplicate_of_a_newer(table):
    """Twins that name each other would both be deleted."""
    table.remember(question("a"))
    table.remember(question("b"))

    assert table.remember(question("a")) is None


@pytest.mark.parametrize("other", [{"user": "v"}, {"track": "x"}, {"audio_hash": "i"}])
def test_other_users_tracks_and_audio_do_not_count(table, other):
    """Another user's equal audio must never delete a file of this user."""
    table.remember(question("a"))

    assert table.remember(question("b", **other)) is None


def test_a_deleted_duplicate_survives_nobody(table):
    """A deleted duplicate has no object, and cannot be the copy that stays."""
    table.remember(question("a", audio_hash="x"))
    table.remember(question("b"))
    table.complete(completion("b", "DUPLICATE"))

    assert table.remember(question("c")) is None


@pytest.mark.parametrize("status", ["SUCCESS", "DUPLICATE"])
def test_a_later_failure_changes_nothing(table, status):
    """SUCCESS and DUPLICATE are final: a late FAILURE must not overwrite either."""
    table.remember(question("a"))
    table.complete(completion("a", status))

    changed = table.complete(completion("a", "FAILURE"))

    assert not changed
    assert table.stems()[0]["status"] == status


def test_a_failed_mix_can_succeed_later(table):
    """A mix that failed may succeed later, and that SUCCESS is final."""
    for status in ("FAILURE", "SUCCESS", "FAILURE"):
        table.complete_mix({"stageId": "m", "status": status})

    assert [mix["status"] for mix in table.mixes()] == ["SUCCESS"]


@pytest.mark.parametrize(
    ("rule", "survivor", "expected"),
    [
        (Rule("auto"), None, {"verdict": "new"}),
        (
            Rule("auto"),
            OLDER,
            {
                "verdict": "duplicate",
                "duplicate_of": {"stemId": "stem-1", "filepath": "audio/1.wav"},
            },
        ),
        (Rule("new"), OLDER, {"verdict": "new"}),
        (Rule("hold"), OLDER, {"verdict": "hold"}),
        (Rule("duplicate"), None, {"verdict": "duplicate"}),
        (Rule("garbage"), OLDER, GARBAGE),
        (Rule("garbage", output=[1]), None, [1]),
        (Rule("twice"), OLDER, {"verdict": "new"}),
    ],
)
def test_behaviours_have_their_verdict(rule, survivor, expected):
    """A scripted behaviour must give its verdict, whatever the table knows."""
    assert verdict_for(rule, survivor) == expected


def test_the_newest_matching_rule_decides_and_wears_out():
    """A rule for one stem must not change the answers about another."""
    script = Script()
    script.add(Rule("hold"))
    script.add(Rule("reject", subject="s*", event="completion", times=1))

    decided = [
        script.next("hash-check", "s1").behaviour,
        script.next("completion", "other").behaviour,
        script.next("completion", "s1").behaviour,
        script.next("completion", "s1").behaviour,
    ]

    assert decided == ["hold", "hold", "reject", "hold"]


def test_without_rules_the_table_decides():
    """A stand-in whose rules were cleared must answer from its table again."""
    script = Script()
    script.add(Rule("silence"))
    script.clear()

    assert script.next("hash-check", "s").behaviour == "auto"


def test_a_behaviour_that_does_not_exist_is_refused():
    """A misspelt behaviour would pass as good behaviour, and test nothing."""
    with pytest.raises(ValueError, match="dance"):
        Rule("dance")


@pytest.mark.parametrize(
    ("verdict", "task", "field"),
    [
        ({"verdict": "new"}, "process_audio_analysis", "num_peaks"),
        ({"verdict": "duplicate"}, "process_duplicate_file", "duplicate_of"),
    ],
)
def test_a_verdict_can_be_the_next_message(verdict, task, field):
    """A server written to seed 002 answers by message, with the stem's own time."""
    event = {**question("a"), "task_id": "job", "timestamp": "2026-11-21T00:00:00Z"}

    message = next_message(event, verdict)

    assert message["task"] == f"app.tasks.{task}"
    assert message["kwargs"]["timestamp"] == event["timestamp"]
    assert field in message["kwargs"]


def test_a_hold_sends_no_message():
    """A server that holds sends no message: a message would delete or draw."""
    assert next_message(question("a"), {"verdict": "hold"}) is None
