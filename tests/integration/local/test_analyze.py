"""Check the lines and the JSON of `waveflow analyze`."""

import io
import json
import sys

import numpy as np
import pytest
from rich.console import Console
from support import sound
from waveflow_local.cli.app import main
from waveflow_local.files import analysis


@pytest.fixture(name="analyze")
def _analyze(monkeypatch, capsys):
    """Analyse a file in this process; return what was printed."""

    def analyze(path, *options):
        monkeypatch.setattr(sys, "argv", ["waveflow", "analyze", str(path), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    return analyze


@pytest.fixture(name="damaged")
def _damaged(tmp_path):
    """Write a second of a sine with one NaN, under a header that claims two."""
    samples = sound.tone(1)
    samples[100] = np.nan
    body = samples.astype("<f4").tobytes()
    form = sound.wav_format(tag=3, bits=32)
    path = tmp_path / "damaged.wav"
    path.write_bytes(sound.wav(body, fmt=form, claim=2 * len(body)))
    return path


def test_damage_is_said_beside_what_was_measured(analyze, damaged):
    """The loudness of half a file must not be read as that of the file."""
    lines = [line.split() for line in analyze(damaged).splitlines()]

    assert ["warning", "TRUNCATED"] in lines
    assert ["warning", "NON_FINITE_SAMPLES"] in lines
    assert [line for line in lines if line[0] == "loudness"]


def test_machines_get_the_drawings_warnings_as_completion_carries_them(
    analyze, damaged
):
    """Scripts read damage in `warnings`, apart from the stem check's warnings."""
    said = json.loads(analyze(damaged, "--json"))

    assert said["warnings"] == ["NON_FINITE_SAMPLES", "TRUNCATED"]
    assert said["analysis"]["warnings"] == []


def test_the_runs_table_names_damage_too(analyze, damaged):
    """A user's damaged file must be named in the table of `waveflow run`."""
    said = json.loads(analyze(damaged, "--json"))
    said["analysis"]["warnings"] = [{"code": "DC_OFFSET"}]
    console = Console(file=io.StringIO(), width=140)

    console.print(analysis.table({"damaged.wav": said}))

    [row] = [line for line in console.file.getvalue().splitlines() if "wav" in line]
    assert row.rstrip().endswith("  DC_OFFSET, NON_FINITE_SAMPLES, TRUNCATED")


def test_a_whole_file_has_no_warning(analyze, tmp_path):
    """A whole file must not look damaged: an empty list, and no line."""
    path = sound.write(tmp_path / "tone.wav", sound.tone(1))

    assert json.loads(analyze(path, "--json"))["warnings"] == []
    assert "warning" not in analyze(path)
