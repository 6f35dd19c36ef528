"""Erasures beside duplicates whose only copy is hard to see."""

from dataclasses import replace

import msgspec
import pytest
from support import erasing
from support.bucket_client import KilledError
from support.erasing import Place
from waveflow.stages._used import used_metadata
from waveflow_local.paths import LocalError

A, B, C, Z = (f"audio/{name}.wav" for name in "abcz")


@pytest.fixture
def place(tmp_path):
    """Return an empty bucket."""
    return Place(tmp_path)


def put_same(place, *keys):
    """Write the same sound under each key."""
    for key in keys:
        place.bucket.put(key, b"voice")


def test_other_bytes_under_the_key_of_a_duplicate_are_no_copy(place):
    """Another stem was uploaded under Bob's old key; Bob lives from Ann's upload."""
    put_same(place, A, B)
    place.delete_duplicate("b", B, survivor=("a", A))
    place.bucket.put(B, b"another song")

    summary = place.erase(place.manifest(("a", A)))

    assert place.left()[A] == [b"voice"]
    assert summary.has_left


def test_an_upload_that_came_back_is_the_copy_of_those_before(place):
    """B was deleted for A, A for Z; A was uploaded again, and Z is gone."""
    put_same(place, A, B, Z)
    place.delete_duplicate("b", B, survivor=("a", A))
    place.delete_duplicate("a", A, survivor=("z", Z))
    put_same(place, A)
    place.bucket.delete(Z)

    summary = place.erase(place.manifest(("a", A)))

    assert place.bucket.current(A) is not None
    assert summary.has_left


def test_a_copy_that_the_manifest_names_is_no_copy(place):
    """A and Z both hold B's sound: with the last of them goes B's recording."""
    put_same(place, A, B, Z)
    place.delete_duplicate("b", B, survivor=("a", A))
    place.delete_duplicate("a", A, survivor=("z", Z))
    put_same(place, A)

    place.erase(place.manifest(("a", A), ("z", Z)))

    assert place.bucket.current(Z) is not None


def test_a_circle_of_duplicates_hides_no_copy(place):
    """C was deleted for B, B for A, and A, back again, once for B."""
    put_same(place, A, B, C)
    place.delete_duplicate("c", C, survivor=("b", B))
    place.delete_duplicate("a", A, survivor=("b", B))
    put_same(place, A)
    place.delete_duplicate("b", B, survivor=("a", A))

    summary = place.erase(place.manifest(("a", A), ("b", B)))

    assert place.bucket.current(A) is not None
    assert summary.has_left


def test_a_key_that_was_deleted_twice_leads_to_both_copies(place):
    """B's key was deleted for A, and later, with B's new stem, for Z."""
    put_same(place, A, B, C, Z)
    place.delete_duplicate("c", C, survivor=("b", B))
    place.delete_duplicate("b", B, survivor=("a", A))
    put_same(place, B)
    place.delete_duplicate("b2", B, survivor=("z", Z))
    rows = [("b", B), ("b2", B)]

    place.erase(place.manifest(("a", A), *rows, ("z", Z)))

    assert place.bucket.current(A) is not None
    assert place.bucket.current(Z) is not None


def test_a_lost_journal_does_not_lose_the_only_copy(place):
    """A run was killed after it had hidden Ann's upload; its journal is gone."""
    put_same(place, A, B)
    manifest = place.manifest(("a", A))

    def prove(operation, key):
        if (operation, key) == ("delete_object", A):
            place.client.on_call = None
            place.delete_duplicate("b", B, survivor=("a", A))
            place.client.kill_at = (len(place.client.calls), "after")

    place.client.on_call = prove
    with pytest.raises(KilledError):
        place.erase(manifest)
    place.client.kill_at = None
    place.journal.unlink()

    summary = place.erase(manifest)

    assert summary.has_left
    assert place.bucket.current(A) is not None


@pytest.mark.parametrize("body", [b"", b'{"survivor":{"stemId":"a"', b"{}", b"[]"])
def test_a_record_that_nobody_can_read_stops_the_erasure(place, body):
    """A record of a later release may say that somebody lives from this upload."""
    put_same(place, A)
    place.bucket.put("dedupe/b_17.json", body)
    before = place.left()

    with pytest.raises(LocalError, match=r"dedupe/b_17\.json"):
        place.erase(place.manifest(("a", A)))

    assert place.left() == before


def test_a_damaged_record_of_a_named_stem_goes(place):
    """Nobody else's copy hangs on a record of a stem that leaves as well."""
    put_same(place, A)
    place.bucket.put("dedupe/a_17.json", b"{")

    assert not place.erase(place.manifest(("a", A))).has_left
    assert place.left() == {}


def test_a_record_of_a_later_release_stops_the_erasure(place):
    """A state that this release does not know must not count as no deletion."""
    put_same(place, A, B)
    place.delete_duplicate("b", B, survivor=("a", A))
    record = msgspec.json.decode(place.bucket.current("dedupe/b_17.json").body)
    body = msgspec.json.encode({**record, "state": "sealed"})
    place.bucket.put("dedupe/b_17.json", body)

    with pytest.raises(LocalError, match=r"dedupe/b_17\.json"):
        place.erase(place.manifest(("a", A)))

    assert place.bucket.current(A) is not None


def upload_when(place, operation, key, *, body=b"again"):
    """Let somebody upload under A's key right before a call."""

    def upload(called, at):
        if (called, at) == (operation, key):
            place.client.on_call = None
            place.bucket.put(A, body)

    place.client.on_call = upload


def test_an_upload_that_comes_while_the_records_are_read_is_looked_at_first(place):
    """Somebody may have been proved a duplicate of the new upload meanwhile."""
    put_same(place, A, B)
    place.delete_duplicate("b", B, survivor=("z", Z))  # makes the records be read
    put_same(place, Z)
    manifest = place.manifest(("a", A))

    def come(operation, key):
        if (operation, key) == ("list_objects_v2", "dedupe/") and place.bucket.hidden(
            A
        ):
            place.client.on_call = None
            place.bucket.put(A, b"again")

    place.client.on_call = come
    first = place.erase(manifest)
    kept = place.bucket.current(A)
    second = place.erase(manifest)

    assert first.has_left
    assert kept is not None
    assert "run the command again" in place.told[0]
    assert not second.has_left
    assert A not in place.left()


def test_an_upload_that_comes_last_is_not_called_erased(place):
    """A late restore of the stage dedupe_delete copies an old version back."""
    place.put(A, "waveforms/a_waveform_17.json")
    document = "waveforms/a_waveform_17.json"
    upload_when(place, "delete_object", document)

    summary = place.erase(place.manifest(("a", A)))

    assert summary.has_left
    assert "run the command again" in place.told[0]
    assert not place.erase(place.manifest(("a", A))).has_left


def test_the_comparison_of_other_stems_under_the_same_name_stays(place):
    """Two requests of one stage and time overwrote each other's comparison."""
    key = "comparisons/stage_5.json"
    put_same(place, A)
    place.bucket.put(key, b"theirs", metadata=used_metadata([Z]))
    place.bucket.put(key, b"mine", metadata=used_metadata([A]))

    place.erase(place.manifest(("a", A)), with_mixes=True)

    assert place.left()[key] == [b"theirs"]


def test_a_hidden_mix_of_other_stems_stays_hidden(place):
    """The platform deleted a mix of Bob; Ann's erasure must not show it again."""
    key = "mixed/stage_mixed_5.wav"
    put_same(place, A)
    place.bucket.put(key, b"theirs", metadata=used_metadata([Z]))
    place.bucket.put(key, b"mine", metadata=used_metadata([A]))
    place.bucket.delete(key)

    place.erase(place.manifest(("a", A)), with_mixes=True)

    assert [v.body for v in place.bucket.versions[key]] == [b"theirs", None]


def test_the_journal_of_another_bucket_is_refused(place, tmp_path, monkeypatch):
    """Stacks of one name in two regions: lines of the other would count as done."""
    put_same(place, A)
    place.erase(place.manifest(("a", A)))
    other = Place(tmp_path)
    other.put(A)

    monkeypatch.setattr(erasing, "PARTS", replace(erasing.PARTS, bucket="another"))
    with pytest.raises(LocalError, match="the journal of another bucket"):
        other.erase(other.manifest(("a", A)))


def test_a_locked_upload_stays_hidden(place):
    """No lock of S3 keeps a delete marker: without the marker the voice is shown."""
    put_same(place, A)
    place.client.locked[A] = {}

    for _ in range(2):
        summary = place.erase(place.manifest(("a", A)))

        assert summary.has_left
        assert place.bucket.hidden(A)


@pytest.mark.parametrize("journal", ["kept", "lost"])
def test_a_killed_run_remembers_that_an_upload_that_came_back_was_live(place, journal):
    """A was once a duplicate of Z, came back, and holds B's sound alone."""
    put_same(place, A, B, Z)
    place.delete_duplicate("b", B, survivor=("a", A))
    place.delete_duplicate("a", A, survivor=("z", Z))
    put_same(place, A)
    manifest = place.manifest(("a", A))

    def kill(operation, key):
        if (operation, key) == ("delete_object", A):
            place.client.on_call = None
            place.bucket.delete(Z)
            place.client.kill_at = (len(place.client.calls), "after")

    place.client.on_call = kill
    with pytest.raises(KilledError):
        place.erase(manifest)
    place.client.kill_at = None
    if journal == "lost":
        place.journal.unlink()

    assert place.erase(manifest).has_left
    assert place.bucket.current(A) is not None


def test_a_killed_run_remembers_that_the_platform_had_hidden_an_upload(place):
    """An operator's second run must end as the first would have ended."""
    put_same(place, A, B)
    place.delete_duplicate("b", B, survivor=("a", A))
    place.bucket.delete(A)
    manifest = place.manifest(("a", A))

    def kill(operation, _key):
        if operation == "delete_object":
            place.client.on_call = None
            raise KilledError

    place.client.on_call = kill
    with pytest.raises(KilledError):
        place.erase(manifest)

    assert not place.erase(manifest).has_left
    assert A not in place.left()


def test_an_upload_that_a_record_calls_another_stems_stays(place):
    """A table may give the duplicate B the path of its survivor A."""
    put_same(place, A, B)
    place.delete_duplicate("b", B, survivor=("a", A))
    rows = [("b", B), ("b", A)]

    planned = place.look(place.manifest(*rows))
    summary = place.erase(place.manifest(*rows))

    assert "b stays: a deletion record names this upload as that of a" in planned
    assert summary.has_left
    assert place.bucket.current(A) is not None
    place.journal.unlink()
    assert not place.erase(place.manifest(*rows, ("a", A))).has_left
    assert place.left() == {}
