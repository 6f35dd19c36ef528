"""Compare two versions of a recording, in bounded memory and with one decode each."""

import filecmp
from contextlib import ExitStack
from pathlib import Path

from waveflow.audio.compare.allowance import Allowance
from waveflow.audio.compare.judge import judge
from waveflow.audio.compare.report import PairReport
from waveflow.audio.compare.version import (
    Form,
    Source,
    Version,
    read_facts,
    read_version,
)
from waveflow.audio.mix.room import translate_full_disk

PEAKS_OF_A_PAIR = 1_024


def compare(  # noqa: PLR0913 - each has a default but the first three
    before: Path | None,
    after: Path | None,
    *,
    folder: Path,
    num_peaks: int = PEAKS_OF_A_PAIR,
    allowance: Allowance | None = None,
    deadline: float | None = None,
) -> PairReport:
    """Compare the older and the newer version of a recording.

    Equal bytes are decoded once. The status, also same, new and removed, is decided
    here.

    Parameters
    ----------
    before, after
        None for a version that does not exist; one of both must exist.
    folder
        Takes scratch files: 320 kB for each second of stereo, of each version.
    num_peaks
        The length of `peaks_delta`, at least 1.
    allowance
        Shared by the pairs of one comparison; an allowance of its own if None.
    deadline
        A value of `time.monotonic()` to end by.

    Raises
    ------
    WaveflowError
        One of the audio errors; AUDIO_TOO_LONG where the allowance is used up, and
        RESOURCE_LIMIT where time or disk ran out.
    """
    hours = allowance or Allowance()

    def source(path: Path) -> Source:
        return Source.open(path, allowance=hours, deadline=deadline)

    if before is None or after is None:
        return _single(
            None if before is None else source(before),
            None if after is None else source(after),
        )
    if filecmp.cmp(before, after, shallow=False):
        facts = read_facts(source(after))
        return PairReport(status="same", before=facts, after=facts)
    with translate_full_disk("decoded versions"), ExitStack() as stack:
        older, newer = source(before), source(after)
        form = Form.of(older.stream, newer.stream)
        versions = [
            read_version(each, form, folder=folder, stack=stack)
            for each in (older, newer)
        ]
        return _of_both(*versions, num_peaks=num_peaks)


def _single(before: Source | None, after: Source | None) -> PairReport:
    """Return the report of a pair of which one version does not exist."""
    return PairReport(
        status="new" if before is None else "removed",
        before=None if before is None else read_facts(before),
        after=None if after is None else read_facts(after),
    )


def _of_both(before: Version, after: Version, *, num_peaks: int) -> PairReport:
    if before.is_same_as(after):
        return PairReport(status="same", before=before.facts, after=after.facts)
    return judge(before, after, num_peaks=num_peaks)
