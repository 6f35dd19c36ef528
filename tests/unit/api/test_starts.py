"""Marks of jobs that were just started, across the borders of their minutes."""

from waveflow.api.jobs.starts import WINDOW_S, RecentStarts

JOB = "a-job"


class Marks(dict):
    """Bucket in memory, for uploads and reads, with the clock of a test."""

    now = 0.0

    def put(self, key, body, *, sha256):
        """Store an object."""
        assert sha256
        self[key] = body

    def find(self, key):
        """Return an object, or None."""
        return self.get(key)


def starts_of(marks):
    """Return the marks as one of many processes reads them."""
    return RecentStarts(marks, objects=marks, clock=lambda: marks.now)


def test_a_start_is_remembered_for_five_minutes_at_least():
    """A job started a second before the border must not be called forgotten after."""
    marks = Marks()
    marks.now = WINDOW_S - 1
    starts_of(marks).note(JOB)

    seen = []
    for age_s in (0, 2, WINDOW_S, 2 * WINDOW_S + 1):
        marks.now = WINDOW_S - 1 + age_s
        seen.append(starts_of(marks).has(JOB))

    assert seen == [True, True, True, False]


def test_the_start_of_another_job_is_no_mark():
    """An id of a job that is really forgotten must stay 410 while others start."""
    marks = Marks()
    starts_of(marks).note(JOB)

    assert not starts_of(marks).has("another-job")
