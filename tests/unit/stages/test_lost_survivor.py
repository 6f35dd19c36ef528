"""A duplicate whose survivor is lost comes back, whoever is killed on the way."""

import msgspec
import pytest
from support.copies import (
    BODY,
    NEWER,
    OLDER,
    OTHER,
    RECORD,
    KilledError,
    delete,
    die,
    draw,
    hashed,
    hide,
    record,
    refusal,
    three_copies,
)
from waveflow.errors import (
    InternalError,
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.events.webhooks import Dedupe


@pytest.fixture
def objects():
    """Return a bucket with three copies of the same bytes, the oldest first."""
    return three_copies()


@pytest.mark.parametrize(
    "event", [lambda o: hide(o, OLDER), lambda o: o.put(OLDER, OTHER)]
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_survivor_lost_during_the_delete_brings_the_copy_back(objects, event, moment):
    """A musician who deletes or replaces one copy would lose both."""
    pinned = hashed(objects)
    objects.at(moment, "delete", NEWER, lambda: event(objects))

    reason = refusal(objects, pinned)
    outcome = draw(objects, pinned, dedupe=Dedupe(refused=reason))

    assert objects.body(NEWER) == BODY
    assert (record(objects)["state"], record(objects)["reason"]) == (
        "kept",
        "SURVIVOR_LOST",
    )
    assert outcome.result.dedupe.refused == reason == "SURVIVOR_LOST"


def test_a_survivor_replaced_while_it_is_looked_at_is_lost(objects):
    """The read ends as SOURCE_CHANGED, which nobody would look into."""
    pinned = hashed(objects)

    def part():
        stored, body = objects.versions[OLDER][-1]
        other = msgspec.structs.replace(stored, etag='"of parts"')
        objects.versions[OLDER].append((other, body))

    objects.at("before", "delete", NEWER, part)
    read = objects.read

    def changes(key, *, etag, size=None):
        if etag == '"of parts"':
            raise SourceChangedError("The object under the key is another one now.")
        return read(key, etag=etag, size=size)

    objects.read = changes

    assert refusal(objects, pinned) == "SURVIVOR_LOST"
    assert objects.body(NEWER) == BODY


@pytest.mark.parametrize(
    ("moment", "call", "key"),
    [
        ("after", "delete", NEWER),
        ("before", "decided", RECORD),
        ("before", "restore", NEWER),
        ("after", "restore", NEWER),
        ("before", "kept", RECORD),
        ("after", "kept", RECORD),
    ],
)
@pytest.mark.parametrize("again", ["retry", "redelivery"])
def test_whoever_comes_next_ends_the_undo(objects, moment, call, key, again):
    """A killed stage must not leave the last copy hidden, nor a false DUPLICATE."""
    pinned = hashed(objects)

    def lose_and_delete():
        hide(objects, OLDER)
        objects.at(moment, call, key, die)

    objects.at("before", "delete", NEWER, lose_and_delete)
    with pytest.raises(KilledError):
        delete(objects, pinned)

    reason = refusal(objects, pinned if again == "retry" else hashed(objects))

    ended = (moment, call) == ("after", "kept")
    assert reason == ("NO_SURVIVOR" if ended else "SURVIVOR_LOST")
    assert record(objects)["state"] == "kept"
    assert objects.body(NEWER) == BODY
    drawn = draw(objects, hashed(objects), dedupe=Dedupe(refused=reason))
    assert drawn.result.dedupe.refused == "SURVIVOR_LOST"


def test_a_drawing_never_tells_a_duplicate_that_nobody_looked_after(objects):
    """A drawing beside a killed deletion told DUPLICATE of a survivor long gone."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, die)
    with pytest.raises(KilledError):
        delete(objects, pinned)

    with pytest.raises(StorageUnavailableError):
        draw(objects, pinned)

    assert delete(objects, pinned).status == "DUPLICATE"
    assert draw(objects, pinned).status == "DUPLICATE"


def test_an_upload_between_copy_and_last_word_is_drawn(objects):
    """The server may say `new` to the next delivery, and must not wait for ever."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
    objects.at("before", "kept", RECORD, die)
    with pytest.raises(KilledError):
        delete(objects, pinned)

    drawn = draw(objects, hashed(objects))

    assert drawn.result.dedupe.refused == "SURVIVOR_LOST"


def test_a_late_delete_beside_the_undo_is_undone_too(objects):
    """An invocation that the machine gave up deletes after its retry copied back."""
    pinned, told = hashed(objects), []

    def retry():
        objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
        told.append(refusal(objects, pinned))

    objects.at("before", "delete", NEWER, retry)

    assert refusal(objects, pinned) == "SURVIVOR_LOST"
    assert told == ["SURVIVOR_LOST"]
    assert objects.body(NEWER) == BODY


def test_a_survivor_that_goes_later_takes_back_nothing(objects):
    """The look was done and recorded: a redelivery ends as the same DUPLICATE."""
    pinned = hashed(objects)
    delete(objects, pinned)
    hide(objects, OLDER)

    assert delete(objects, hashed(objects)).status == "DUPLICATE"
    assert draw(objects, pinned).status == "DUPLICATE"


def test_a_late_delete_of_what_an_operator_kept_is_undone(objects):
    """The survivor lives, and yet the operator's word stands above the deletion."""
    pinned = hashed(objects)

    def operator():
        kept = record(objects) | {"state": "kept", "reason": "RESTORED"}
        objects.put(RECORD, msgspec.json.encode(kept))

    objects.at("before", "delete", NEWER, operator)

    assert refusal(objects, pinned) == "RESTORED"
    assert objects.body(NEWER) == BODY


def test_a_late_invocation_beside_a_told_duplicate_takes_back_nothing(objects):
    """A late delete must not hide an upload whose retry was told as DUPLICATE."""
    pinned = hashed(objects)

    def retry():
        assert delete(objects, pinned).status == "DUPLICATE"
        hide(objects, OLDER)

    objects.at("before", "delete", NEWER, retry)

    assert delete(objects, pinned).status == "DUPLICATE"
    assert objects.body(NEWER) is None


def test_a_user_who_deletes_what_came_back_is_obeyed(objects):
    """The next delivery must not bring back what the user no longer wants."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
    refusal(objects, pinned)
    hide(objects, NEWER)

    with pytest.raises(ObjectNotFoundError):
        hashed(objects)


def test_what_cannot_be_copied_back_names_the_operators_command(objects):
    """The version is gone: no DUPLICATE, and an alarm that says what to do."""
    pinned = hashed(objects)

    def lose_both():
        hide(objects, OLDER)
        objects.versions[NEWER] = [None]

    objects.at("after", "delete", NEWER, lose_both)

    with pytest.raises(InternalError, match="ops restore stem789"):
        delete(objects, pinned)
    with pytest.raises(InternalError, match="ops restore stem789"):
        delete(objects, hashed(objects))


def test_a_copy_back_with_another_etag_is_drawn(objects):
    """An upload of many parts has another ETag once it is copied."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
    reason = refusal(objects, pinned)
    stored, body = objects.versions[NEWER][-1]
    objects.versions[NEWER][-1] = (msgspec.structs.replace(stored, etag='"1"'), body)

    outcome = draw(objects, pinned, dedupe=Dedupe(refused=reason))

    assert outcome.status == "SUCCESS"


def test_other_bytes_under_the_key_are_not_drawn_as_what_came_back(objects):
    """A take that a user puts under the key must not get the old take's waveform."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
    reason = refusal(objects, pinned)
    objects.put(NEWER, OTHER)

    with pytest.raises(SourceChangedError):
        draw(objects, pinned, dedupe=Dedupe(refused=reason))


def test_a_users_own_upload_during_the_undo_stays(objects):
    """The copy back is conditional: what the user puts there is never replaced."""
    pinned = hashed(objects)
    objects.at("after", "delete", NEWER, lambda: hide(objects, OLDER))
    objects.at("before", "restore", NEWER, lambda: objects.put(NEWER, OTHER))

    assert refusal(objects, pinned) == "SURVIVOR_LOST"
    assert objects.body(NEWER) == OTHER


def test_the_redraw_of_a_restored_stem_says_so(objects):
    """Without that word the server keeps its DUPLICATE and hides the recording."""
    pinned = hashed(objects)
    delete(objects, pinned)
    kept = record(objects) | {"state": "kept", "reason": "RESTORED"}
    objects.put(RECORD, msgspec.json.encode(kept))
    objects.put(NEWER, BODY)

    told = [
        draw(objects, hashed(objects)).result.dedupe,
        draw(objects, hashed(objects), dedupe=Dedupe(refused="ORDER")).result.dedupe,
    ]

    assert [dedupe.refused for dedupe in told] == ["RESTORED", "RESTORED"]
