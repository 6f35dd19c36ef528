"""Check that `waveflow run` notices every difference from its claims."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from waveflow_local.demo import checks
from waveflow_local.demo.scenario import Case, Expected, demonstration, own_files
from waveflow_local.engine.history import ExecutionSeen, StateSeen
from waveflow_local.paths import LocalError
from waveflow_local.standin.archive import Received

NOW = datetime.now(UTC)


def named(paths):
    """Return paths with the names under which a user sees their cases."""
    return [(path, path.name) for path in paths]


@pytest.fixture(name="files")
def _files(tmp_path) -> list[Path]:
    """Write three files, two of them equal, one with a Korean name."""
    paths = [tmp_path / name for name in ("a.wav", "드럼 1.wav", "c.wav")]
    for path, content in zip(paths, (b"one", b"two", b"one"), strict=True):
        path.write_bytes(content)
    return paths


def test_equal_files_are_expected_to_be_duplicates(files):
    """A user's own copies must be expected as duplicates, after their first file."""
    cases = {case.name: case for case in own_files(named(files)).cases}

    assert cases["a.wav"].expected.verdict == "new"
    assert cases["c.wav"].expected.verdict == "duplicate"
    assert cases["c.wav"].after == ("a.wav",)


def test_a_mix_holds_each_distinct_file_once(files):
    """A mix that named a deleted duplicate would fail for a user's copies."""
    mixes = own_files(named(files)).cases[-2:]

    assert [len(mix.message["kwargs"]["stem_paths"]) for mix in mixes] == [2, 2]


def test_one_mix_is_classic_and_one_has_faders(files):
    """The demonstration must show both kinds of mixes, each under its own stage."""
    classic, stereo = (
        case.message["kwargs"] for case in own_files(named(files)).cases[-2:]
    )

    assert not {"mix", "stems"} & classic.keys()
    assert stereo["mix"] == {"loudness": {"integrated": -14}}
    assert [stem["path"] for stem in stereo["stems"]] == stereo["stem_paths"]
    assert classic["stageId"] != stereo["stageId"]


def test_a_recording_named_like_a_mix_keeps_its_own_outputs(tmp_path):
    """A user's mix.wav must not be replaced in the folder by the mix of a run."""
    for name in ("mix.wav", "stereo-mix.wav"):
        (tmp_path / name).write_bytes(name.encode())

    cases = own_files(named(sorted(tmp_path.iterdir()))).cases

    assert [case.subject for case in cases[:2]] == ["mix-1", "stereo-mix-2"]


def test_each_upload_that_is_drawn_asks_for_what_a_page_needs(files):
    """The demonstration must show zoom levels, a preview and an identity."""
    cases = own_files(named(files)).cases

    asking = [
        case.name
        for case in cases
        if {"waveform", "previews", "audio_id"} <= case.message["kwargs"].keys()
    ]
    assert asking == [
        "a.wav",
        "드럼 1.wav",
        "mix of 2",
        "stereo mix of 2",
    ]


def test_ids_are_valid_whatever_the_name(files):
    """Ids take no Hangul and no space; a Korean file name must still run."""
    case = own_files(named(files)).cases[1]

    assert case.subject.isascii()
    assert " " not in case.subject
    assert case.output == "드럼 1"
    assert case.upload.key.endswith("/드럼 1.wav")


def test_files_of_one_name_are_told_apart(tmp_path):
    """Two takes called drums.wav must not overwrite each other's results."""
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "drums.wav").write_bytes(folder.encode())

    cases = own_files(
        [(tmp_path / f"{folder}/drums.wav", f"{folder}/drums.wav") for folder in "xy"]
    ).cases

    assert cases[0].subject != cases[1].subject
    assert cases[0].output != cases[1].output


def test_the_demonstration_fails_twice_on_purpose(files):
    """The demonstration must show failures that the server is told of."""
    codes = [case.expected.code for case in demonstration(files).cases]

    assert codes[-2:] == ["UNSUPPORTED_MEDIA", "INVALID_MESSAGE"]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    """A user who misspells a file's name gets one sentence, no traceback."""
    with pytest.raises(LocalError, match=r"nope\.wav"):
        own_files(named([tmp_path / "nope.wav"]))


def case(**expected) -> Case:
    """Return a case about one stem."""
    return Case("a.wav", "new upload", "a", {"id": "job"}, Expected(**expected))


def seen(status: str = "SUCCEEDED", **fields) -> ExecutionSeen:
    """Return an ended execution with a verdict."""
    states = [StateSeen("Ask", NOW, output={"verdict": "new"})]
    return ExecutionSeen("arn", status, NOW, states, **fields)


def told(
    status: str = "SUCCESS", *, verified: bool = True, number: str = "1"
) -> Received:
    """Return the completion that the server got."""
    body = {"stemId": "a", "task_id": "job", "status": status}
    return Received("completion", {"webhook-id": number}, body, verified)


def test_an_execution_that_ended_well_has_no_faults():
    """An execution that ended well must not be reported as a fault."""
    assert checks.faults(case(verdict="new"), seen(), [told()]) == []


@pytest.mark.parametrize(
    ("expected", "execution", "received"),
    [
        ({"verdict": "new"}, seen("FAILED", error="X"), [told()]),
        ({"verdict": "duplicate"}, seen(), [told()]),
        ({"verdict": "new", "code": "X"}, seen(error="Y"), [told()]),
        ({"verdict": "new"}, seen(), []),
        ({"verdict": "new"}, seen(), [told("FAILURE")]),
        ({"verdict": "new"}, seen(), [told(verified=False)]),
    ],
)
def test_every_difference_is_a_fault(expected, execution, received):
    """A wrong status, verdict, code or webhook must not pass."""
    assert len(checks.faults(case(**expected), execution, received)) == 1


def test_a_redelivery_may_write_nothing():
    """A second version of an equal object is a second write."""
    before = {("waveforms/a.json", "v1", "e")}

    found = checks.redelivery_faults(
        case(), before, before | {("waveforms/a.json", "v2", "e")}, [told(), told()]
    )

    assert found == ["waveforms/a.json was written again"]


def test_a_redelivery_repeats_its_webhook_id():
    """The server tells repeats by the id alone."""
    found = checks.redelivery_faults(case(), set(), set(), [told(), told(number="2")])

    assert found == ["the server saw 2 different webhook ids"]
