"""Erasures: what goes, what stays, and what nobody can bring back."""

import pytest
from support.erasing import (
    BOBS,
    FIRST,
    GOES,
    GOES_WITH_MIXES,
    MINE,
    MY_COPY,
    Place,
    anns,
)
from support.records import hash_request
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import ObjectNotFoundError
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow_local.ops.undo import Drawing, redraw, restore
from waveflow_local.paths import LocalError

POLICY = Policy(
    allowed_prefixes=("users/",),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)
WRITES = {"put_object", "delete_object"}


@pytest.fixture
def place(tmp_path):
    """Return an empty bucket."""
    return Place(tmp_path)


def test_a_dry_run_names_what_goes_and_what_stays_and_changes_nothing(place):
    """An operator signs for an erasure after reading this."""
    manifest = anns(place)
    before = place.left()

    said = place.look(manifest)

    for key in {*GOES}:
        assert f"  goes  {key}: " in said
    assert "goes  users/ann/1.wav: original, 2 versions, 1 delete marker" in said
    assert f"stays {FIRST}: the same sound, kept as another stem, ann-0" in said
    assert "stays mix stage-1 of 5: holds the sound of this stem; --mixes" in said
    assert "stays comparison stage-1 of 6: holds the sound of this stem" in said
    assert not {operation for operation, _ in place.client.calls} & WRITES
    assert place.left() == before
    assert not place.journal.exists()


def test_a_dry_run_with_mixes_names_their_objects(place):
    """An operator must see whose mixes go before they are gone."""
    said = place.look(anns(place), with_mixes=True)

    for key in GOES_WITH_MIXES:
        assert f"  goes  {key}: " in said
    assert "stays mix" not in said


def test_mixes_stay_unless_the_operator_says_so(place):
    """A mix is the work of several people; one of them leaves."""
    manifest = anns(place)
    before = place.left()

    summary = place.erase(manifest)

    assert place.left() == {k: v for k, v in before.items() if k not in {*GOES}}
    assert (summary.versions, summary.has_left) == (len(GOES), False)
    assert (
        "comparison stage-1 of 6 stays; comparison stage-1 of 7 stays; mix"
        in place.told[0]
    )
    assert summary.unknown == 1


def test_mixes_can_go_later_with_the_same_journal(place):
    """An operator who hears later that the mixes must go begins nothing anew."""
    manifest = anns(place)
    place.erase(manifest)

    summary = place.erase(manifest, with_mixes=True)

    assert not {*GOES_WITH_MIXES} & place.left().keys()
    assert summary.versions == len(GOES) + len(GOES_WITH_MIXES)
    assert "mix 4, comparison 2" in place.told[-2]


def test_the_report_holds_ids_counts_and_times_and_no_name(place):
    """The report goes to a person, and must not hold names of others' files."""
    manifest = anns(place)

    said = [*place.told, str(place.erase(manifest, with_mixes=True)), *place.told]

    first = place.told[0].split("; ")
    assert first[0] == "ann-1: erased"
    assert first[1].startswith("20")
    assert first[2] == (
        "original 2, document 3, zoom file 2, preview 2, mix 4, comparison 2"
    )
    assert place.told[1].endswith("original 1, deletion record 1, document 1")
    assert "users/" not in "".join(said)
    assert ".wav" not in "".join(said)
    assert "users/" not in place.journal.read_text()


def test_a_redelivered_message_finds_no_object(place):
    """An old message must end typed, and not as the DUPLICATE that it was."""
    place.erase(anns(place))
    objects = S3ObjectStore(place.client, "a-bucket")

    for stem_id, key in (("ann-1", MINE), ("ann-2", MY_COPY)):
        request = hash_request(userId="ann", stemId=stem_id, filepath=key)
        with pytest.raises(ObjectNotFoundError):
            hash_object(request, objects=objects, policy=POLICY)


def test_a_second_run_that_cannot_end_is_not_called_done(place):
    """A late output under a lock must not hide behind the first run's success."""
    manifest = anns(place)
    place.erase(manifest)
    place.put("previews/ann-1_17.opus")
    place.client.locked["previews/ann-1_17.opus"] = {}

    summary = place.erase(manifest)

    assert (summary.done, summary.has_left) == (1, True)
    assert place.told[-1].endswith("preview stays: an object lock")


def test_restore_and_redraw_say_that_the_stem_was_erased(place):
    """An operator of next month must learn why the stem does not come back."""
    place.erase(anns(place))
    drawing = Drawing("ann", "t", "ann-1", MINE)

    for stem_id in ("ann-1", "ann-2"):
        with pytest.raises(LocalError, match=f"The stem {stem_id} was erased on 20"):
            restore(place.stack, stem_id, dry_run=True)
    with pytest.raises(LocalError, match="The stem ann-1 was erased on 20"):
        redraw(place.stack, drawing, dry_run=True)


def test_an_upload_that_came_after_the_erasure_can_be_drawn(place):
    """A musician who comes back under the same ids must not be refused for ever."""
    place.erase(anns(place))
    place.put(MINE)

    message = redraw(place.stack, Drawing("ann", "t", "ann-1", MINE), dry_run=True)

    assert message["kwargs"]["stemId"] == "ann-1"


def test_a_stem_that_is_gone_already_leaves_no_trace(place):
    """A tombstone of a mistyped id would call a living stem erased."""
    place.put(BOBS)

    summary = place.erase(place.manifest(("nobody", "users/ann/9.wav")))

    assert place.told == [f"nobody: nothing there; {place.told[0].split('; ')[1]}"]
    assert (summary.done, summary.versions) == (1, 0)
    assert {*place.bucket.versions} == {BOBS}


def test_a_second_run_erases_what_a_job_under_way_has_written(place):
    """A waveform stage that had the bytes already publishes after the erasure."""
    manifest = anns(place)
    place.erase(manifest)
    place.put("waveforms/ann-1_waveform_17.json")

    summary = place.erase(manifest)

    assert "waveforms/ann-1_waveform_17.json" not in place.left()
    assert summary.versions == len(GOES) + 1


def test_a_lock_is_named_to_an_account_that_may_not_look_at_it(place):
    """The policy for erasing reads no old version, so S3's sentence has to do."""
    place.put(MINE, "previews/ann-1_17.opus")
    place.client.locked[MINE] = {}
    place.client.denied["head_object"] = "AccessDenied"

    summary = place.erase(place.manifest(("ann-1", MINE)))

    assert place.told[0].endswith("; preview 1; original stays: an object lock")
    assert summary.has_left
    assert place.bucket.current(MINE) is None
    assert "previews/ann-1_17.opus" not in place.left()


BAD = {
    "reserved": (("ann-1", "waveforms/ann-2_waveform_17.json"), "not allowed"),
    "foreign": (("ann-1", "private/ann.wav"), "not allowed"),
    "climbing": (("ann-1", "users/ann/../bob/voice.wav"), "not allowed"),
    "no id": (("ann/1", MINE), "an invalid stemId"),
    "no time": (("ann-1", MINE, "yesterday"), "an invalid timestamp"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_manifest_with_one_bad_line_erases_nothing(place, case):
    """A wrong export must not begin to erase before somebody has looked."""
    row, said = BAD[case]
    place.put(MINE, BOBS)
    before = place.left()

    with pytest.raises(LocalError) as refused:
        place.erase(place.manifest(("bob-1", BOBS), row))

    [fault] = refused.value.details
    assert fault.startswith("line 3 has ")
    assert said in fault
    assert place.left() == before
    assert not place.journal.exists()


def test_a_key_of_another_user_is_refused(place):
    """A slip in an export must not erase the upload of somebody else."""
    path = place.manifest(("ann-1", BOBS))
    path.write_text(path.read_text().replace("\nbob,", "\nann,"))
    place.put(BOBS)

    with pytest.raises(LocalError) as refused:
        place.erase(path)

    assert "belongs to another user" in refused.value.details[0]

    assert BOBS in place.left()


def test_a_line_that_stands_twice_is_refused(place):
    """A line that stands twice was exported by mistake."""
    row = ("ann-1", MINE, "2026-01-01T00:00")

    with pytest.raises(LocalError) as refused:
        place.erase(place.manifest(row, row))

    assert refused.value.details == ("line 3 repeats line 2.",)


def test_a_manifest_with_a_byte_order_mark_is_read(place):
    """A table saved by a spreadsheet begins with three more bytes."""
    place.put(MINE)
    path = place.manifest(("ann-1", MINE))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert not place.erase(path).has_left
    assert place.left() == {}


def test_the_journal_of_another_manifest_is_refused(place):
    """Lines of another manifest would count as erased, and stay."""
    place.put(MINE, BOBS)
    place.erase(place.manifest(("ann-1", MINE)))

    with pytest.raises(LocalError, match="the journal of another manifest"):
        place.erase(place.manifest(("bob-1", BOBS)))

    assert BOBS in place.left()


def test_120_stems_are_erased_in_batches(place):
    """A whole account is one manifest, and the deletion records are read once."""
    keys = [f"users/ann/{number}.wav" for number in range(120)]
    others = [f"users/ann/{number}.wav" for number in range(120, 130)]
    place.put(*keys, *others)
    rows = [(f"s-{n}", key, "2026-01-01T00:00") for n, key in enumerate(keys)]

    summary = place.erase(place.manifest(*rows))

    assert (summary.done, summary.versions) == (120, 120)
    assert {*place.left()} == {*others}


def test_versions_without_an_id_of_their_own_are_counted(place):
    """A bucket without versioning calls every version `null`."""
    place.bucket.versioned = False
    place.put(
        MINE, "waveforms/ann-1_waveform_1.json", "waveforms/ann-1_waveform_2.json"
    )

    summary = place.erase(place.manifest(("ann-1", MINE)))

    assert summary.versions == 2 + 1
    assert place.left() == {}
