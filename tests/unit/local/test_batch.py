"""Check that many files are worked on in several processes, in input order."""

from contextlib import closing
from pathlib import Path

import pytest
from support.batches import name_of, stop_twice, wait_for_others
from waveflow_local.files.batch import WINDOW, Failure, run_all


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_file_that_ends_its_process_costs_no_other_file(start: str):
    """A file that makes a decoder crash must be named, and the rest be done."""
    paths = [Path(name) for name in ("a", "exit", "b", "kill", "c")]

    results = list(run_all(name_of, paths, jobs=2, start=start))

    assert [path for path, _ in results] == paths
    assert [result for _, result in results][::2] == ["a", "b", "c"]
    ended = "The process that worked on the file ended"
    assert [result for _, result in results][1::2] == [
        Failure("INTERNAL_ERROR", f"exit: {ended} with exit code 3."),
        Failure("INTERNAL_ERROR", f"kill: {ended} by signal 9."),
    ]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_results_that_wait_for_a_slow_file_are_bounded(tmp_path: Path):
    """A million short files behind a long one must not fill the memory with reports."""
    paths = [tmp_path / str(number) for number in range(WINDOW + 50)]

    with closing(run_all(wait_for_others, paths, jobs=2)) as results:
        first = next(results)

    assert first == (paths[0], WINDOW - 1)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_second_signal_does_not_disturb_the_clean_up(tmp_path: Path):
    """A terminal and the parent signal each process: half a file would be left."""
    cleaned = tmp_path / "cleaned"

    [(_, result)] = run_all(stop_twice, [cleaned], jobs=1)

    assert cleaned.exists()
    assert str(result).endswith("ended with exit code 0.")
