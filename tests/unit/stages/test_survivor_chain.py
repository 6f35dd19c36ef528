"""A survivor that is itself a duplicate leads to the oldest copy, or proves nothing."""

import json

import msgspec
import pytest
from support.copies import (
    BODY,
    NEWER,
    OLDER,
    OLDEST,
    OTHER,
    delete,
    hashed,
    hide,
    record,
    refusal,
    three_copies,
)
from support.records import TS
from waveflow.errors import DedupeRefusedError


@pytest.fixture
def objects():
    """Return a bucket with three copies of the same bytes, the oldest first."""
    return three_copies()


def middle_goes(objects):
    """Delete the middle one of three copies as the duplicate of the oldest."""
    middle = hashed(objects, stemId="older", filepath=OLDER)
    assert delete(objects, middle, stem="oldest", survivor=OLDEST)


@pytest.mark.parametrize("when", ["first", "before", "after"])
def test_three_copies_at_once_leave_one_and_name_it(objects, when):
    """C of B, B of A: C was told INTERNAL_ERROR for ever although A lives."""
    pinned = hashed(objects)
    if when == "first":
        middle_goes(objects)
    else:
        objects.at(when, "delete", NEWER, lambda: middle_goes(objects))

    outcome = delete(objects, pinned)

    assert outcome.result.duplicate_of.filepath == OLDEST
    assert outcome.result.duplicate_of.stem_id == "oldest"
    assert record(objects)["survivor"]["filepath"] == OLDEST
    assert objects.live().keys() & {OLDEST, OLDER, NEWER} == {OLDEST}


@pytest.mark.parametrize("lost", ["hidden", "replaced"])
def test_a_chain_whose_end_is_lost_keeps_the_copy(objects, lost):
    """A chain of records proves nothing; only a living object does."""
    middle_goes(objects)
    hide(objects, OLDEST)
    if lost == "replaced":
        objects.put(OLDEST, OTHER)

    assert refusal(objects, hashed(objects)) in {"NO_SURVIVOR", "ORDER", "DIFFERENT"}
    assert objects.body(NEWER) == BODY


def chain(objects, length):
    """Record that each of many copies went as the duplicate of the one before."""
    pinned = hashed(objects)
    for number in range(1, length + 1):
        key, before = f"audio/c{number}.wav", f"audio/c{number - 1}.wav"
        objects.put(key, BODY)
        hide(objects, key)
        deletion = {
            "source": msgspec.to_builtins(pinned.source) | {"key": key},
            "survivor": {"stemId": f"c{number - 1}", "filepath": before},
            "survivor_etag": "x",
            "looked": True,
        }
        objects.put(f"dedupe/c{number}_1.json", json.dumps(deletion).encode())


@pytest.mark.parametrize(("length", "found"), [(15, True), (16, False)])
def test_at_most_sixteen_survivors_are_looked_at(objects, length, found):
    """Records that lead in a circle must not keep a function busy for ever."""
    objects.put("audio/c0.wav", BODY)
    chain(objects, length)
    objects.put(NEWER, BODY)
    pinned = hashed(objects)
    claim = {"stem": f"c{length}", "survivor": f"audio/c{length}.wav"}

    if found:
        outcome = delete(objects, pinned, **claim)
        assert outcome.result.duplicate_of.filepath == "audio/c0.wav"
    else:
        with pytest.raises(DedupeRefusedError, match="NO_SURVIVOR"):
            delete(objects, pinned, **claim)


def test_a_chain_that_leaves_the_users_keys_is_refused(objects):
    """Another user's file is no survivor, also at the end of a chain."""
    objects.put("users/other/a.wav", BODY)
    objects.put(OLDER, BODY)
    objects.put(NEWER, BODY)
    middle = hashed(objects, stemId="older", filepath=OLDER, userId="other")
    delete(objects, middle, stem="oldest", survivor="users/other/a.wav")

    assert refusal(objects, hashed(objects)) == "PATH"


def test_a_stem_whose_name_begins_alike_is_not_followed(objects):
    """`older_1` is another stem than `older`."""
    middle_goes(objects)
    [key] = [k for k in objects.live() if k.startswith("dedupe/older_")]
    objects.put(f"dedupe/older_1_{TS}.json", objects.body(key))
    hide(objects, key)

    assert refusal(objects, hashed(objects)) == "NO_SURVIVOR"
