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
