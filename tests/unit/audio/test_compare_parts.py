"""Parts of a comparison: paths, passages and regions of windows."""

import numpy as np
import pytest
from waveflow.audio.compare.differences import MOST_REGIONS, Differences
from waveflow.audio.compare.matches import Passage, _rising, is_left_out, joined
from waveflow.audio.compare.paths import _best_path

NOTHING = np.zeros(9_000)


def test_the_longest_regions_are_kept_in_order_of_time():
    """A page of an edited hour would get a document of megabytes, or the splinters."""
    windows = [(at, at + 3 + (at % 7 == 0)) for at in range(0, 9_000, 10)]
    found = Differences(
        windows, -20, -20, -20, _rest=NOTHING, _after=NOTHING, _before=NOTHING
    )

    regions = found.regions(0.1)

    assert (len(regions), found.left_out) == (MOST_REGIONS, len(windows) - MOST_REGIONS)
    assert [each.start for each in regions] == sorted(each.start for each in regions)
    long = [each for each in regions if each.end - each.start > 0.35]
    assert len(long) == len(range(0, 9_000, 70))


@pytest.mark.parametrize(
    ("windows", "found"),
    [
        ("..XXX....", [(2, 5)]),
        ("..XX.....", []),
        ("XX.....XX", [(0, 9)]),
        ("XXX......XXX", [(0, 3), (9, 12)]),
        (".........", []),
    ],
)
def test_differences_join_over_half_a_second(windows: str, found: list):
    """A sung line must be one region, and not a region for every syllable."""
    mask = np.array([each == "X" for each in windows])

    assert joined(mask, gap=5, shortest=3) == found


def test_the_path_changes_only_for_a_passage():
    """A chance window at another offset must not tear a match into three."""
    evidence = np.zeros((2, 100))
    evidence[0, :60] = 0.9
    evidence[1, 60:] = 0.9
    evidence[:, 30:33] = [[0.0], [0.9]]

    assert _best_path(evidence).tolist() == [0] * 60 + [1] * 40


def test_matches_that_would_fall_in_the_older_version_are_left_out():
    """A chorus that sounds again would send the listener back to the first one."""
    first, chorus, rest = (
        Passage(0, 100, 0, 0),
        Passage(100, 120, 90, 9),
        Passage(120, 200, 0, 0),
    )

    assert _rising([first, chorus, rest]) == [first, rest]
    assert _rising([]) == []


def test_repeated_bars_are_inserted_between_two_matches():
    """Bars that sound twice match twice, and the longer half alone would be left."""
    until_repeated, again = Passage(0, 100, 0, 0), Passage(100, 200, 40, 4)

    found = _rising([until_repeated, again])

    assert [(each.first, each.last) for each in found] == [(0, 60), (100, 200)]


def test_a_removed_passage_is_left_out_of_the_older_version_alone():
    """A version without its bridge would be alike, as nothing differs in the rest."""
    sounding = np.ones(100, bool)
    passages = [Passage(0, 40, 0, 0.0), Passage(40, 80, -20, -2.0)]

    assert is_left_out(sounding, passages, is_before=True)
    assert not is_left_out(sounding[:80], passages, is_before=False)
