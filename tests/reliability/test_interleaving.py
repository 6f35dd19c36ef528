"""No order of S3 calls breaks a promise: real stages and adapter, many schedules."""

import os

import pytest
from support.mix_schedules import MixSchedule
from support.schedules import Schedule
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.events.flow import mixed_key, mixed_waveform_key
from waveflow.events.mix_options import MIX_SUFFIXES
from waveflow.ports import StoredObject
from waveflow.stages import dedupe_delete, waveform
from waveflow.stages._mix_claim import MixClaim
from waveflow.stages._survivors import Found

SCHEDULES = int(os.environ.get("WAVEFLOW_SCHEDULES", "300"))  # 3,000 in `make soak`
SHARES = 4


def broken(seeds, schedule=Schedule):
    """Return the seeds whose schedule broke a promise, with the promises."""
    found = {seed: schedule(seed).run() for seed in seeds}
    return {seed: said for seed, said in found.items() if said}


@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_loses_a_recording_or_contradicts_itself(share):
    """Kills, late twins, chains of three, user deletes and restores, in any order."""
    assert broken(range(share, SCHEDULES, SHARES)) == {}


@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_gives_two_mixes_one_place(share):
    """Two requests at once, in two formats: one mix stands, and the other is told."""
    assert broken(range(share, SCHEDULES, SHARES), MixSchedule) == {}


def without_a_claim(monkeypatch):
    """Take every object for a mix of the same request."""
    monkeypatch.setattr(MixClaim, "check", lambda *_: None)


def with_a_check_of_formats_alone(monkeypatch):
    """Refuse whatever another request has left, the document's own request too."""

    def check_all(claim, job, *, objects):
        keys = [mixed_key(job, suffix) for suffix in MIX_SUFFIXES]
        for key in (*keys, mixed_waveform_key(job)):
            if (stored := objects.find(key)) is not None:
                claim.check(stored)

    monkeypatch.setattr(MixClaim, "check_all", check_all)


@pytest.mark.parametrize("plant", [without_a_claim, with_a_check_of_formats_alone])
def test_an_old_bug_of_mixes_is_found(monkeypatch, plant):
    """A tester that finds nothing in broken claims proves nothing about whole ones."""
    plant(monkeypatch)

    assert any(broken([seed], MixSchedule) for seed in range(SCHEDULES))


def without_a_look(monkeypatch):
    """Take every survivor for a living one after the delete."""

    def blind(deletion, _job, *, objects, policy):
        assert policy
        key, etag = deletion.survivor.filepath, deletion.survivor_etag
        stored = objects.find(key) or StoredObject(
            key=key, etag=etag, size=1, last_modified="x"
        )
        return Found(survivor=deletion.survivor, stored=stored)

    monkeypatch.setattr(dedupe_delete, "find_living", blind)


def without_a_copy_back(monkeypatch):
    """Say that a deletion is undone, and copy nothing."""
    monkeypatch.setattr(S3ObjectStore, "restore", lambda *_args, **_kwargs: None)


def with_a_blind_drawing(monkeypatch):
    """Tell SUCCESS without a look for a deletion beside the drawing."""
    monkeypatch.setattr(waveform, "_find_undone", lambda *_args, **_kwargs: None)


@pytest.mark.parametrize(
    "plant", [without_a_look, without_a_copy_back, with_a_blind_drawing]
)
def test_an_old_bug_is_found(monkeypatch, plant):
    """A tester that finds nothing in broken code proves nothing about whole code."""
    plant(monkeypatch)

    assert broken(range(SCHEDULES)) != {}
