"""Check the command's output, and one clear line for each mistake."""

import json
import os
import struct
import sys
from importlib.metadata import version

import pytest
import soundfile
from support.mistakes import exit_code_of
from waveflow_local.cli.app import main


@pytest.fixture(name="waveflow")
def _waveflow(monkeypatch, capsys):
    """Run a command in this process; return exit code, output and errors."""

    def waveflow(*arguments):
        monkeypatch.setattr(sys, "argv", ["waveflow", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return waveflow


def test_hash_prints_what_sha256sum_prints(waveflow, tmp_path):
    """Users compare with sha256sum: digest and layout must be the same."""
    path = tmp_path / "empty"
    path.touch()

    code, out, _ = waveflow("hash", path)

    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (code, out) == (0, f"{empty}  {path}\n")


def test_hash_speaks_json(waveflow, tone):
    """A script reads the size and the hash from one JSON object."""
    _, out, _ = waveflow("hash", tone, "--json")

    assert json.loads(out)["size"] == tone.stat().st_size


def test_peaks_prints_or_writes_the_same_document(waveflow, tone, tmp_path):
    """A script that redirects the output must get the document that `-o` writes."""
    target = tmp_path / "tone.json"

    _, printed, _ = waveflow("peaks", tone, "-n", "16")
    code, out, _ = waveflow("peaks", tone, "-n", "16", "-o", target)

    assert code == 0
    assert "16 peaks" in out
    assert json.loads(printed) == json.loads(target.read_bytes())
    assert len(json.loads(printed)["peaks"]) == 16


def test_peaks_writes_audiowaveforms_format(waveflow, tone, tmp_path):
    """Programs that read audiowaveform's .dat trust its header."""
    target = tmp_path / "tone.dat"

    code, _, _ = waveflow(
        "peaks", tone, "--dat", target, "--samples-per-pixel", "100", "--bits", "16",
        "--split-channels",
    )  # fmt: skip

    version, flags, rate, per_pixel, length, channels = struct.unpack(
        "<iIiiIi", target.read_bytes()[:24]
    )
    assert code == 0
    assert (version, flags, rate, per_pixel, length, channels) == (
        2,
        0,
        8000,
        100,
        80,
        2,
    )


def test_a_classic_mix_writes_the_wav_and_its_document(waveflow, tone, tmp_path):
    """Anti-phase stereo mixes to silence; WAV and document must agree on that."""
    wav, document = tmp_path / "mix.wav", tmp_path / "mix.json"

    code, out, _ = waveflow(
        *("mix", tone, tone, "--classic"),
        *("-o", wav, "--peaks", document, "--json"),
    )

    samples, rate = soundfile.read(wav)
    assert code == 0
    assert json.loads(out)["stems"] == 2
    assert rate == 8000
    assert samples.max() == 0
    assert json.loads(document.read_bytes())["num_peaks"] == 4000


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_plot_draws_a_document(waveflow, tone, tmp_path, ending):
    """A user chooses SVG or PNG by the name's ending alone."""
    document, picture = tmp_path / "tone.json", tmp_path / f"tone.{ending}"
    waveflow("peaks", tone, "-o", document)

    code, _, _ = waveflow("plot", document, "-o", picture)

    assert code == 0
    assert picture.read_bytes().startswith(b"<svg" if ending == "svg" else b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["hash", "nope.wav"], "nope.wav"),
        (["hash", "."], "directory"),
        (["peaks", "{tone}", "-n", "0"], "--num-peaks"),
        (["peaks", "{tone}", "-n", "4001"], "--num-peaks"),
        (["peaks", "{text}"], "UNSUPPORTED_MEDIA"),
        (["peaks", "{text}"], "text.wav: The content"),
        (["analyze", "{text}"], "text.wav: The content"),
        (["peaks", "{tone}", "--dat", "x.dat", "--bits", "12"], "bits"),
        (["peaks", "{tone}", "-o", "no/such/folder.json"], "cannot be written"),
        (["mix", "{tone}", "-o", "{tone}"], "one file"),
        (["mix", "{tone}"], "-o"),
        (["mix", "-o", "x.wav"], "STEM"),
        (["peaks", "{tone}", "{tone}"], "--out-dir"),
        (["peaks", "{tone}", "--out-dir", "x", "-o", "x.json"], "--out-dir"),
        (["peaks", "{tone}", "--out-dir", "x", "--dat", "x.dat"], "--out-dir"),
        (["peaks", "{tone}", "--jobs", "0"], "--jobs"),
        (["plot", "{text}", "-o", "x.svg"], "text.wav: The content"),
        (["plot", "{text}", "-o", "x.gif"], ".svg or .png"),
        (["run", "nope.wav"], "nope.wav"),
        (["dance"], "dance"),
        (["hash", "--loud"], "--loud"),
    ],
)
def test_a_mistake_is_one_line(waveflow, tone, tmp_path, arguments, hint):
    """A user's mistake is one line that names the mistake, never a traceback."""
    text = tmp_path / "text.wav"
    text.write_text("no audio")
    named = [a.format(tone=tone, text=text) for a in arguments]

    code, out, err = waveflow(*named)

    assert code == exit_code_of(err)
    assert out == ""
    assert err.startswith("waveflow: ")
    assert err.count("\n") == 1
    assert hint in err


def test_the_version_is_that_of_the_package(waveflow):
    """A report of a fault names the version, and scripts ask for the version."""
    code, out, err = waveflow("--version")

    assert (code, out, err) == (0, f"waveflow {version('waveflow-local')}\n", "")


@pytest.mark.parametrize("command", [[], ["peaks"], ["mix"], ["ops", "redraw"]])
def test_a_short_option_asks_for_help(waveflow, command):
    """`-h` is what a hand types first, and must not be an unknown option."""
    code, out, err = waveflow(*command, "-h")

    assert (code, err) == (0, "")
    assert out.startswith("Usage: waveflow")


def test_operating_needs_a_command(waveflow):
    """A script must learn from the exit code that it asked for nothing."""
    code, out, err = waveflow("ops")

    assert (code, err) == (1, "")
    assert "restore" in out


def test_nothing_is_left_of_an_output_that_failed(waveflow, tmp_path):
    """A failed mix must not leave half a WAV that looks like a whole one."""
    text = tmp_path / "text.wav"
    text.write_text("no audio")

    waveflow("mix", text, "-o", tmp_path / "mix.wav")

    assert [path.name for path in tmp_path.iterdir()] == ["text.wav"]


def test_without_a_command_the_commands_are_listed(waveflow):
    """A newcomer types the bare word first, and must find the commands."""
    code, out, _ = waveflow()

    assert code == 0
    assert all(word in out for word in ("run", "up", "status", "hash", "peaks", "mix"))


@pytest.mark.parametrize(
    "content",
    [
        '{"peaks": [0.5], "duration": "x"}',
        '{"peaks": [0.5], "duration": 1e400}',
        '{"peaks": [0.5], "duration": -1}',
        '{"peaks": [0.5], "duration": true}',
        '{"peaks": [0.5], "sample_rate": "x"}',
        '{"peaks": [0.5], "peak": 1e400}',
        '{"peaks": [0.5], "peak": NaN}',
        '{"data": [1, 2], "channels": "x"}',
        '{"data": [1, 2], "channels": -1}',
        '{"peaks": [1e400]}',
        '{"peaks": [1e300]}',
        '{"peaks": [1' + "0" * 400 + "]}",
        '{"peaks": ["x"]}',
        '{"peaks": {}}',
        "[" * 200_000,
        "1" * 5_000,
        "[]",
        "\x00",
    ],
    ids=lambda content: content[:40],
)
def test_a_document_that_is_none_is_one_line(waveflow, tmp_path, content):
    """A JSON file of any content is refused in one line, without half a picture."""
    document = tmp_path / "doc.json"
    document.write_text(content)

    code, out, err = waveflow("plot", document, "-o", tmp_path / "doc.svg")

    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("waveflow: ")
    assert not (tmp_path / "doc.svg").exists()


@pytest.mark.parametrize("duration", [1e-320, 0.5, 3600, 1e6, 1e30])
def test_a_document_of_any_length_is_drawn(waveflow, tmp_path, duration):
    """A document of a year's length must not write a million labels."""
    document = tmp_path / "doc.json"
    document.write_text(json.dumps({"peaks": [0.5], "duration": duration}))

    code, _, _ = waveflow("plot", document, "-o", tmp_path / "doc.svg")

    assert code == 0
    assert len((tmp_path / "doc.svg").read_bytes()) < 10_000


def test_a_name_of_any_bytes_becomes_a_title_that_readers_accept(waveflow, tmp_path):
    """A file name with control characters must not break the SVG for readers."""
    document = tmp_path / os.fsdecode(b"\xe9\x01.json")
    document.write_text('{"peaks": [0.5]}')

    code, _, _ = waveflow("plot", document, "-o", tmp_path / "doc.svg")

    assert code == 0
    assert "<title>··</title>" in (tmp_path / "doc.svg").read_text("utf-8")


def test_a_classic_mix_says_in_one_line_what_it_wrote(waveflow, tone, tmp_path):
    """Whoever runs it by hand sees the length without opening the file."""
    out = tmp_path / "m.wav"

    code, said, _ = waveflow("mix", tone, tone, "--classic", "-o", out)

    warned = f"ANTI_PHASE:{tone}"
    told = f"{out}: 2 stems, 1.00 s, 8000 Hz, {warned}, {warned}\n"
    assert (code, said) == (0, told)


def test_status_without_an_engine_says_how_to_start_one(waveflow):
    """A developer who asks before `waveflow up` runs would see a traceback."""
    code, _, err = waveflow("status", "stem1", "--endpoint", "http://127.0.0.1:9")

    assert code == 1
    assert err.startswith(
        "waveflow: No local engine answers at http://127.0.0.1:9: start"
    )


def test_status_of_an_unknown_stem_is_one_line(waveflow, engine):
    """A typing error must not look like a stem that waits."""
    code, _, err = waveflow("status", "nobody", "--endpoint", engine.endpoint)

    assert (code, err) == (1, "waveflow: No execution knows 'nobody'.\n")
