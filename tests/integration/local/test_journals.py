"""Journals of `ops backfill` and `ops erase`: appended, resumed, never mixed up."""

import errno
import os

import msgspec
import pytest
from waveflow_local.ops.bulk.journal import Heading, Journal, default_path
from waveflow_local.paths import LocalError

HEADING = Heading(
    verb="backfill", stack="dev", manifest="ab" * 32, stem_count=3, options={"n": 1}
)
ENTRIES = [{"line": 1}, {"line": 2, "key": "audio/한.wav"}]


@pytest.fixture
def path(tmp_path):
    """Return the place of a journal that is not there yet."""
    return tmp_path / "stems.csv.backfill-journal"


def written(path, *entries):
    """Write a journal of some entries, and return the name of its run."""
    with Journal(path, HEADING) as journal:
        for entry in entries:
            journal.append(entry)
        return journal.heading.run


def test_a_journal_is_resumed_with_its_run_and_entries(path):
    """A second run under a new name would start every execution twice."""
    run = written(path, *ENTRIES)

    with Journal(path, HEADING) as journal:
        journal.note({"line": 3})
        entries = list(journal.entries())

    assert entries == [*ENTRIES, {"line": 3}]
    assert journal.heading.run == run
    assert len(run) == 12


def test_two_journals_name_two_runs(path, tmp_path):
    """Step Functions remembers a name for 90 days: a new run needs names of its own."""
    assert written(path) != written(tmp_path / "other")


def test_whatever_a_crash_left_of_a_write_is_cut_off(path, monkeypatch):
    """Half an entry must neither stop the resumption nor count as an entry."""
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # the test's time
    run = written(path, *ENTRIES)
    whole = path.read_bytes()
    second = whole.index(b'{"line":2')

    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with Journal(path, HEADING) as journal:
            entries = list(journal.entries())
            resumed = journal.heading.run == run
            journal.append({"line": 9})
            after = list(journal.entries())

        begun = end > whole.index(b"\n")
        assert resumed == begun
        assert entries == ENTRIES[: begun and (end >= second)]
        assert after == [*entries, {"line": 9}]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("verb", "erase"),
        ("stack", "prod"),
        ("manifest", "cd" * 32),
        ("options", {"n": 2}),
    ],
)
def test_a_journal_of_something_else_is_refused_untouched(path, name, other):
    """Lines of another manifest that count as done would never be drawn."""
    written(path, *ENTRIES)
    before = path.read_bytes()
    wanted = msgspec.structs.replace(HEADING, **{name: other})

    with pytest.raises(LocalError, match=f"of another {name}; name a new file"):
        Journal(path, wanted)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"userId,stemId\n", b"{}\n", b'{"a": 1}\n{}\n', b"RIFF"]
)
def test_a_file_that_is_no_journal_is_refused_untouched(path, content):
    """A mistyped --journal must not cut off somebody's table."""
    path.write_bytes(content)

    with pytest.raises(LocalError, match="is no journal"):
        Journal(path, HEADING)

    assert path.read_bytes() == content


def test_a_damaged_line_is_named(path):
    """A journal that somebody edited must not be guessed at."""
    written(path, *ENTRIES)
    path.write_bytes(path.read_bytes().replace(b'{"line":1}', b'{"line":1'))

    with (
        Journal(path, HEADING) as journal,
        pytest.raises(LocalError, match="line 2, is damaged"),
    ):
        list(journal.entries())


def test_two_runs_never_share_a_journal(path):
    """Two operators with one journal would count each other's lines as their own."""
    with Journal(path, HEADING), pytest.raises(LocalError, match="held by a run"):
        Journal(path, HEADING)

    assert written(path)


def test_an_entry_is_on_the_disk_before_append_returns(path, monkeypatch):
    """A power cut after the start of an execution must not lose the start."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))

    with Journal(path, HEADING) as journal:
        begun = path.stat().st_size
        journal.append({"line": 1})
        appended = path.stat().st_size
        journal.note({"line": 2})

    assert synced[0] == begun
    assert synced[-1] == appended
    assert len(synced) == 3  # file, folder, entry


def test_a_place_where_nothing_can_be_written_is_one_sentence(tmp_path):
    """A missing folder must not end in a traceback, after half of the work."""
    with pytest.raises(LocalError, match="cannot be written: No such file"):
        Journal(tmp_path / "none" / "x", HEADING)


def test_a_full_disk_is_one_sentence(path, monkeypatch):
    """A run that cannot write down its starts must stop, not go on untold."""

    def full(_file, _line):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal(path, HEADING) as journal:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(LocalError, match="cannot be written: No space left"):
            journal.append({"line": 1})


def test_a_journal_lies_beside_its_manifest():
    """An operator must find the journal again on the next day."""
    assert str(default_path("a/stems.csv", "erase")) == "a/stems.csv.erase-journal"
    s3 = default_path("s3://bucket/a/stems.csv", "backfill")
    assert str(s3) == "stems.csv.backfill-journal"
