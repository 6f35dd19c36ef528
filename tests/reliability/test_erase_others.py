"""Erasures beside others: duplicates that live from an upload, and shared mixes."""

import pytest
from support.erasing import BOBS, MARKS, MINE, REQUEST, Place
from waveflow.events.flow import Source
from waveflow.stages._used import used_metadata
from waveflow_local.ops.undo import restore

AUDIO, FLAC = (f"mixed/stage-1_mixed_5.{suffix}" for suffix in ("wav", "flac"))


@pytest.fixture
def place(tmp_path):
    """Return an empty bucket."""
    return Place(tmp_path)


def test_the_only_copy_of_another_stem_stays(place):
    """Bob's stem was deleted as a duplicate of Ann's, and lives from Ann's upload."""
    place.put("audio/ann.wav", "audio/bob.wav")
    place.delete_duplicate(
        "bob-1", "audio/bob.wav", survivor=("ann-1", "audio/ann.wav")
    )
    manifest = place.manifest(("ann-1", "audio/ann.wav"))
    before = place.left()

    planned, summary = place.look(manifest), place.erase(manifest)

    assert "ann-1 stays: bob-1 was deleted as a duplicate of this upload" in planned
    assert "  needed by audio/bob.wav: bob-1" in planned
    assert place.left() == before
    assert summary.has_left
    assert "ann-1: stays;" in place.told[0]
    assert not any(key.startswith("dedupe/erased/") for key in place.bucket.versions)


@pytest.mark.parametrize("way", ["restored", "copied", "named", "undone", "hidden"])
def test_a_stem_that_needs_the_copy_no_more_holds_up_nothing(place, way):
    """An operator must have ways to end the erasure of the upload."""
    place.put("audio/ann.wav", "audio/bob.wav")
    reason = {"reason": "SURVIVOR_LOST"} if way == "undone" else {}
    survivor = ("ann-1", "audio/ann.wav")
    place.delete_duplicate("bob-1", "audio/bob.wav", survivor=survivor, **reason)
    rows = [("ann-1", "audio/ann.wav")]
    if way == "named":
        rows.append(("bob-1", "audio/bob.wav"))
    elif way == "hidden":  # the platform has deleted the upload by itself
        place.bucket.delete("audio/ann.wav")
    elif way == "copied":
        place.put("audio/bob.wav")
    elif way == "restored":
        assert not restore(place.stack, "bob-1", dry_run=False)[0].failed

    summary = place.erase(place.manifest(*rows))

    assert not summary.has_left
    assert "audio/ann.wav" not in place.left()
    assert ("audio/bob.wav" in place.left()) == (way != "named")


def a_chain(place):
    """Delete B as a duplicate of A, and before that C as a duplicate of B."""
    a, b, c = (f"audio/{name}.wav" for name in "abc")
    place.put(a, b, c)
    place.delete_duplicate("c", c, survivor=("b", b))
    place.delete_duplicate("b", b, survivor=("a", a))
    return a, b, c


def test_the_copy_at_the_end_of_a_chain_stays(place):
    """C was deleted for B, B for A: with A goes the only copy of C."""
    a, b, _ = a_chain(place)

    place.erase(place.manifest(("a", a), ("b", b)))

    assert place.left()[a] == [a.encode()]
    assert "a: stays;" in "".join(place.told)


def test_the_way_to_the_copy_of_another_stays(place):
    """Without the record of B nobody knows later that C lives from A."""
    a, b, _ = a_chain(place)

    summary = place.erase(place.manifest(("b", b)))

    assert b not in place.left()
    assert "dedupe/b_17.json" in place.left()
    assert "b: erased in part;" in place.told[0]
    assert summary.has_left
    assert place.left()[a] == [a.encode()]


def prove_meanwhile(place, key):
    """Let Bob's upload be proved a duplicate right before Ann's is hidden."""

    def prove(operation, called):
        if (operation, called) == ("delete_object", key):
            place.client.on_call = None
            place.delete_duplicate("bob-1", "audio/bob.wav", survivor=("ann-1", key))

    place.client.on_call = prove


def test_a_duplicate_that_is_proved_meanwhile_keeps_its_copy(place):
    """A message of Bob is in work between the look and the erasure."""
    place.put("audio/ann.wav", "audio/bob.wav")
    manifest = place.manifest(("ann-1", "audio/ann.wav"))
    before = place.left()["audio/ann.wav"]

    prove_meanwhile(place, "audio/ann.wav")
    summary = place.erase(manifest)

    assert place.left()["audio/ann.wav"] == before
    assert summary.has_left
    assert "dedupe/erased/ann-1.json" not in place.bucket.versions
    assert "bob-1 was deleted as a duplicate" in place.told[0]


def test_an_upload_that_the_manifest_does_not_name_stays_with_its_record(place):
    """A stem had two uploads: only the record knows the second, hidden one."""
    place.put("audio/first.wav", "audio/second.wav", "audio/old.wav")
    place.delete_duplicate("s", "audio/second.wav", survivor=("o", "audio/old.wav"))

    summary = place.erase(place.manifest(("s", "audio/first.wav")))
    both = [("s", "audio/first.wav"), ("s", "audio/second.wav")]
    place.journal.unlink()
    whole = place.erase(place.manifest(*both))

    assert summary.has_left
    assert "erased in part" in place.told[0]
    assert not whole.has_left
    assert {*place.left()} == {"audio/old.wav"}


def test_the_mix_of_other_stems_under_the_same_stage_and_time_stays(place):
    """Two requests of one time may both have written audio, as WAV and as FLAC."""
    document = "waveforms/stage-1_mixed_waveform_5.json"
    theirs = {**REQUEST, **used_metadata([BOBS])}
    place.put(MINE, AUDIO, "previews/mixed/stage-1_5.opus")
    place.bucket.put(FLAC, b"flac", metadata=theirs)
    place.bucket.put(document, b"document", metadata=theirs)

    place.erase(place.manifest(("ann-1", MINE)), with_mixes=True)

    assert {*place.left()} == {FLAC, document, "previews/mixed/stage-1_5.opus"}


def test_a_mix_that_the_platform_deleted_goes_too(place):
    """The hidden version of a mix still holds the voice for QuarantineDays."""
    place.put(MINE, AUDIO)
    place.bucket.delete(AUDIO)

    place.erase(place.manifest(("ann-1", MINE)), with_mixes=True)

    assert place.left() == {}


@pytest.mark.parametrize("stage_has_a_mix", [True, False])
def test_the_document_of_a_mix_is_not_taken_for_a_stems(place, stage_has_a_mix):
    """The stem `x_mixed` and a mix of the stage `x` name their documents alike."""
    document = "waveforms/x_mixed_waveform_5.json"
    place.put(MINE, document, *(["mixed/x_mixed_5.wav"] if stage_has_a_mix else []))

    place.erase(place.manifest(("x_mixed", MINE)))

    assert (document in place.left()) is stage_has_a_mix


def test_a_mix_of_two_leavers_goes_once(place):
    """The second of two stems must not fail on what went with the first."""
    place.put(MINE, BOBS, AUDIO)
    manifest = place.manifest(("ann-1", MINE), ("bob-1", BOBS))

    summary = place.erase(manifest, with_mixes=True)

    assert MARKS[AUDIO]["waveflow-stems"]
    assert place.left() == {}
    assert not summary.has_left
    assert summary.versions == len([MINE, BOBS, AUDIO])
    assert summary.size_bytes == len(MINE + BOBS + AUDIO)


def test_two_renditions_of_a_stem_are_counted_once(place):
    """A server exports a line for each rendition, and a report must not boast."""
    place.put(MINE, "waveforms/ann-1_waveform_17.json")
    rows = [("ann-1", MINE), ("ann-1", MINE)]

    summary = place.erase(place.manifest(*rows))

    assert (summary.done, summary.versions) == (2, 2)
    assert "original 1, document 1" in place.told[0]
    assert "original" not in place.told[1]


@pytest.mark.parametrize("is_older", [True, False])
def test_a_line_that_stays_takes_no_other_lines_tombstone(place, is_older):
    """Ann's first upload is erased; her second one stays, for Bob lives from it."""
    first, second = "audio/first.wav", "audio/second.wav"
    place.put(first, second, "audio/bob.wav")
    if is_older:
        place.erase(place.manifest(("ann-1", first)))
        place.journal.unlink()
    prove_meanwhile(place, second)

    place.erase(place.manifest(("ann-1", first), ("ann-1", second)))

    assert "dedupe/erased/ann-1.json" in place.bucket.versions
    assert first not in place.left()
    assert place.bucket.current(second) is not None


def test_an_upload_that_stayed_and_was_hidden_later_goes(place):
    """The platform's own delete marker must not look like that of a stopped run."""
    place.put("audio/ann.wav", "audio/bob.wav")
    manifest = place.manifest(("ann-1", "audio/ann.wav"))
    prove_meanwhile(place, "audio/ann.wav")
    assert place.erase(manifest).has_left
    place.bucket.delete("audio/ann.wav")

    summary = place.erase(manifest)

    assert not summary.has_left
    assert "audio/ann.wav" not in place.left()


def test_a_duplicate_of_a_stem_that_came_back_can_be_restored(place):
    """Every delete can be undone, also one of a user who left and came back."""
    place.put("audio/ann.wav")
    place.erase(place.manifest(("ann-1", "audio/ann.wav")))
    place.put("audio/ann.wav", "audio/bob.wav")
    deleted = Source(
        key="audio/ann.wav",
        etag=place.bucket.current("audio/ann.wav").etag,
        size=len("audio/ann.wav"),
        last_modified="2999-01-01T00:00:00+00:00",
        audio_hash="0" * 64,
        version_id=place.bucket.current("audio/ann.wav").version_id,
    )
    survivor = ("bob-1", "audio/bob.wav")
    place.delete_duplicate("ann-1", "audio/ann.wav", survivor=survivor, source=deleted)

    [restored] = restore(place.stack, "ann-1", dry_run=False)

    assert not restored.failed
    assert place.bucket.current("audio/ann.wav") is not None
