"""Comparisons beside others: bytes that change, messages that come twice."""

import pytest
from support.comparing import (
    DOCUMENT,
    MIX,
    NEW,
    ONE,
    POLICY,
    REMOVED,
    SAME,
    TWO,
    A,
    B,
    filled_bucket,
    run,
)
from support.records import compare_request
from waveflow.errors import (
    InvalidMessageError,
    SourceChangedError,
    StemMissingError,
    StorageUnavailableError,
)
from waveflow.stages.compare import compare_pairs


@pytest.fixture
def objects():
    """Return a bucket that holds two equal stems and a mix."""
    return filled_bucket()


@pytest.mark.parametrize(
    ("after", "error"), [(TWO, SourceChangedError), (None, StemMissingError)]
)
def test_a_version_that_changes_meanwhile_is_not_compared(objects, after, error):
    """A report about bytes that are no longer there would mislead whoever reads it."""
    objects.changed = (MIX, after if after != TWO else ONE)

    with pytest.raises(error, match=r"pairs\[1\]: "):
        run(objects, SAME, REMOVED)
    assert objects.body(DOCUMENT) is None


def test_a_damaged_transfer_is_fetched_again_and_then_left_to_a_retry(objects):
    """A flipped bit on the way must not be reported as a change."""
    objects.damaged = 1
    assert run(objects, SAME).outcome.result.statuses == ["same"]

    objects.damaged = 2
    with pytest.raises(StorageUnavailableError):
        run(objects, SAME)


def test_a_redelivered_message_writes_nothing_again(objects):
    """A queue may deliver twice; the second time must end as the first one did."""
    first = run(objects, SAME, REMOVED).outcome.result

    again = run(objects, {"after": B, "before": A}, {"before": MIX}).outcome.result

    assert again == first
    assert len(objects.versions[DOCUMENT]) == 1


@pytest.mark.parametrize("other", [{"num_peaks": 7}, {"pairs": [NEW]}])
def test_another_request_of_one_stage_and_time_is_refused_before_a_fetch(
    objects, other
):
    """A server drops the second webhook as a repeat: the first document must stay."""
    run(objects, SAME)
    kept, objects.calls = objects.body(DOCUMENT), []

    with pytest.raises(InvalidMessageError, match="another timestamp"):
        compare_pairs(
            compare_request(**{"pairs": [SAME], **other}),
            objects=objects,
            policy=POLICY,
        )

    assert {call for call, _ in objects.calls} == {"find"}
    assert objects.body(DOCUMENT) == kept


def test_a_document_that_came_after_the_look_stays(objects):
    """Two comparisons that end in the same second must not replace each other."""
    objects.is_late = True

    with pytest.raises(InvalidMessageError):
        run(objects, SAME)
    assert objects.body(DOCUMENT) == b"another"
