"""An erasure that is killed before or after any call, and run again."""

import pytest
from support.bucket_client import BucketClient, KilledError
from support.erasing import (
    BOBS,
    FIRST,
    GOES,
    GOES_WITH_MIXES,
    MINE,
    MY_COPY,
    STAYS,
    Place,
    anns,
)
from waveflow_local.ops.undo import restore
from waveflow_local.paths import LocalError

MOMENTS = ("before", "after")


def fresh(folder):
    """Return a filled bucket, and the manifest of two of its stems."""
    place = Place(folder)
    place.journal.unlink(missing_ok=True)
    return place, anns(place)


def killed(folder, at):
    """Return a bucket whose erasure was killed at a call."""
    place, manifest = fresh(folder)
    place.client.kill_at = at
    with pytest.raises(KilledError):
        place.erase(manifest, with_mixes=True)
    place.client = BucketClient(place.bucket)
    return place, manifest


def test_a_killed_erasure_runs_again_to_the_same_end(tmp_path):
    """A musician must not stay half erased, nor another lose a byte, by a crash."""
    place, manifest = fresh(tmp_path)
    before = place.left()
    summary = place.erase(manifest, with_mixes=True)
    clean, told = place.left(), [line.split(";")[0] for line in place.told]

    gone = {*GOES, *GOES_WITH_MIXES}
    assert clean == {key: kept for key, kept in before.items() if key not in gone}
    assert {*STAYS} <= clean.keys()
    assert summary.versions == len(GOES) + len(GOES_WITH_MIXES)
    for number in range(1, len(place.client.calls) + 1):
        for moment in MOMENTS:
            place, manifest = killed(tmp_path, (number, moment))
            again = place.erase(manifest, with_mixes=True)

            assert place.left() == clean, (number, moment)
            assert (again.versions, again.done) == (summary.versions, 2)
            assert [line.split(";")[0] for line in place.told][-2:] == told


def test_no_state_in_between_shows_or_restores_what_was_erased(tmp_path):
    """An old version that appears for a moment would be drawn, mixed or played."""
    place, manifest = fresh(tmp_path)
    newest = place.bucket.current(MINE)
    place.erase(manifest, with_mixes=True)

    for number in range(1, len(place.client.calls) + 1):
        place, manifest = killed(tmp_path, (number, "after"))
        shown = place.bucket.current(MINE)
        assert shown is None or shown.body == newest.body
        assert place.bucket.current(MY_COPY) is None
        assert place.bucket.current(FIRST) is not None
        assert place.bucket.current(BOBS) is not None
        if place.bucket.current("dedupe/erased/ann-2.json") is not None:
            with pytest.raises(LocalError, match="was erased"):
                restore(place.stack, "ann-2", dry_run=False)


ANNS, BOBS_COPY = "audio/ann.wav", "audio/bob.wav"


def prove_meanwhile(place):
    """Let a duplicate of Ann's upload be proved right before the upload is hidden."""

    def prove(operation, key):
        if (operation, key) == ("delete_object", ANNS):
            place.client.on_call = None
            place.delete_duplicate("bob-1", BOBS_COPY, survivor=("ann-1", ANNS))

    place.client.on_call = prove


def test_a_killed_change_of_mind_is_ended_by_the_next_run(tmp_path):
    """Bob lives from an upload that is hidden at this moment: Ann's must come back."""

    def prepare():
        place = Place(tmp_path)
        place.journal.unlink(missing_ok=True)
        place.put(ANNS, BOBS_COPY)
        prove_meanwhile(place)
        return place, place.manifest(("ann-1", ANNS))

    place, manifest = prepare()
    place.erase(manifest)

    for number in range(1, len(place.client.calls) + 1):
        for moment in MOMENTS:
            place, manifest = prepare()
            place.client.kill_at = (number, moment)
            with pytest.raises(KilledError):
                place.erase(manifest)
            place.client = BucketClient(place.bucket)
            proved = "dedupe/bob-1_17.json" in place.left()
            summary = place.erase(manifest)

            assert summary.has_left is proved
            shown = place.bucket.current(ANNS)
            assert (shown is not None) is proved, (number, moment)
            assert ("dedupe/erased/ann-1.json" in place.bucket.versions) is not proved
