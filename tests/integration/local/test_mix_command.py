"""Check the mixes with faders that `waveflow mix` makes of files."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from support import mixes, sound
from support.mistakes import exit_code_of
from waveflow.audio.mix.settings import StemSettings
from waveflow_local.cli.app import main

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with a band of three, and a name that holds an @."""
    monkeypatch.chdir(tmp_path)
    for number, (name, rate, channels) in enumerate(
        [
            ("drums.wav", 44_100, 2),
            ("bass.flac", 44_100, 1),
            ("voice.wav", 48_000, 1),
            ("me@home.wav", 44_100, 2),
        ]
    ):
        noise = np.random.default_rng(number).uniform(-0.2, 0.2, (rate, channels))
        soundfile.write(tmp_path / name, noise, rate, subtype="PCM_24")
    (tmp_path / "text.wav").write_text("no audio")
    return tmp_path


def waveflow(line: str) -> subprocess.CompletedProcess:
    """Run a command as a shell does."""
    return subprocess.run(
        [*WAVEFLOW, *line.split()], capture_output=True, text=True, check=False
    )


def reported(line: str) -> dict:
    """Return the report of a command that succeeds."""
    ended = waveflow(f"{line} --json")
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def contents(folder):
    """Return each file of a folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_every_option_of_a_stem_does_what_a_message_would(folder):
    """A musician mixes here as the pipeline does: level, place, polarity and time."""
    reported(
        "mix drums.wav@-3dB bass.flac@pan=-.2,+2.5db voice.wav@offset=+12ms,invert"
        " me@home.wav@mute -o mix.wav --bits 32f"
    )

    band = [
        (folder / "drums.wav", StemSettings(gain_db=-3)),
        (folder / "bass.flac", StemSettings(gain_db=2.5, pan=-0.2)),
        (folder / "voice.wav", StemSettings(offset_ms=12, invert=True)),
    ]
    got, rate = soundfile.read(folder / "mix.wav", dtype="float64")
    wanted = mixes.expected(band, rate=44_100)
    assert rate == 44_100
    assert abs(len(got) - len(wanted)) <= 1
    assert mixes.null_db(got[: len(wanted)], wanted[: len(got)]) < -90


@pytest.mark.parametrize(
    ("options", "name", "made"),
    [
        ("", "mix.wav", ("WAV", "PCM_24", 44_100, 2)),
        ("--bits 16 --channels 1", "MIX.WAV", ("WAV", "PCM_16", 44_100, 1)),
        ("--bits 32f --rate highest", "mix.wav", ("WAV", "FLOAT", 48_000, 2)),
        ("--rate 96000", "mix.flac", ("FLAC", "PCM_24", 96_000, 2)),
        ("--bits 16 --rate first", "mix.flac", ("FLAC", "PCM_16", 44_100, 2)),
    ],
)
def test_the_ending_and_the_options_decide_the_file(folder, options, name, made):
    """A user names the file, and gets what name and options say."""
    waveflow(f"mix drums.wav voice.wav -o {name} {options}")

    with soundfile.SoundFile(folder / name) as file:
        kind = file.format.removesuffix("EX")
        assert (kind, file.subtype, file.samplerate, file.channels) == made


def test_the_report_has_what_a_webhook_tells(folder):
    """A script reads the levels, and what became of each stem, in JSON."""
    said = reported(
        "mix drums.wav@-3dB voice.wav gone.wav@mute -o m.flac --loudness -14"
        " --true-peak -2 --peaks m.json"
    )

    drums, voice, gone = said["stems"]
    assert drums["peak"] == pytest.approx(0.2 * 10 ** (-3 / 20), abs=0.001)
    assert (drums["duration"], drums["warnings"]) == (1.0, [])
    assert (voice["file"], voice["warnings"]) == ("voice.wav", ["RESAMPLED"])
    assert gone == {
        "file": "gone.wav",
        "muted": True,
        "duration": None,
        "peak": None,
        "warnings": [],
    }
    plain = reported("mix drums.wav@-3dB voice.wav -o plain.wav")
    missing = -14 - plain["loudness"]["integrated"]
    assert plain["applied_gain_db"] == 0
    assert said["applied_gain_db"] == pytest.approx(missing, abs=0.1)
    assert said["loudness"]["integrated"] == pytest.approx(-14, abs=0.1)
    assert said["loudness"]["true_peak"] <= -1.9
    assert 0 <= said["limiter_db"] <= 12
    assert (said["format"], said["channels"], said["sample_rate"]) == (
        *("flac24", 2, 44_100),
    )
    assert said["warnings"] == []
    document = json.loads((folder / "m.json").read_bytes())
    assert document["audio_hash"] == said["sha256"]


@pytest.mark.usefixtures("folder")
def test_a_person_reads_levels_and_warnings(folder):
    """Whoever mixes by hand sees that a mix was limited, and which stem was odd."""
    sound.write(folder / "quiet.wav", sound.tone(1) / 1000)

    said = waveflow(
        "mix quiet.wav voice.wav@offset=-1000ms bass.flac@mute -o m.wav --loudness -8"
    ).stdout.splitlines()

    assert said[0] == "m.wav: 3 stems, 1.00 s, 44100 Hz, 2 channels, wav24"
    assert said[1].startswith("  level     gain +")
    assert said[2].startswith("  loudness  -8.")
    assert said[3:] == [
        "  warning   voice.wav: CUT_AWAY",
        "  warning   voice.wav: RESAMPLED",
        "  muted     bass.flac",
    ]


@pytest.mark.usefixtures("folder")
def test_a_target_out_of_reach_is_told(folder):
    """A click is never loud, which a person must not learn from listeners."""
    click = np.zeros((sound.RATE, 2), np.int16)
    click[1000] = 30_000
    sound.write(folder / "click.wav", click)

    said = waveflow("mix click.wav -o m.wav --loudness -14")

    assert said.returncode == 0
    assert "  warning   LOUDNESS_LIMITED\n" in said.stdout


def test_a_file_of_the_whole_name_wins(folder):
    """Names may hold an @, and what stands behind must not change their level."""
    (folder / "song.wav@-60dB").write_bytes((folder / "drums.wav").read_bytes())

    whole = reported("mix song.wav@-60dB -o a.wav")
    behind = reported("mix me@home.wav@-6dB song.wav@-60dB@-6dB -o b.wav")

    assert whole["stems"][0]["peak"] == pytest.approx(0.2, abs=0.001)
    assert [stem["file"] for stem in behind["stems"]] == [
        "me@home.wav",
        "song.wav@-60dB",
    ]
    assert [stem["peak"] for stem in behind["stems"]] == pytest.approx(
        [0.1002, 0.1002], abs=0.001
    )


@pytest.mark.usefixtures("folder")
def test_a_file_may_come_twice():
    """An echo is the same recording once more, later and lower."""
    said = reported("mix bass.flac bass.flac@-6dB,offset=250ms -o echo.wav")

    assert said["duration"] == 1.25
    assert [stem["file"] for stem in said["stems"]] == ["bass.flac", "bass.flac"]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("drums.wav -o m.mp3", "m.mp3 must end with .wav or .flac."),
        ("drums.wav -o m", "m must end with .wav or .flac."),
        ("drums.wav -o m.flac --bits 32f", "m.flac cannot have --bits 32f, only"),
        ("drums.wav -o m.wav --bits 8", "m.wav cannot have --bits 8, only"),
        ("drums.wav -o m.wav --channels 3", "--channels 3 is not 1 or 2."),
        ("drums.wav -o m.wav --rate 22050", "--rate 22050 is not first, highest, 44"),
        ("drums.wav -o m.wav --loudness -31", "--loudness -31 is not from -30 to -8."),
        ("drums.wav -o m.wav --loudness nan", "--loudness nan is not from"),
        (
            "drums.wav -o m.wav --loudness -14 --true-peak 0",
            "--true-peak 0 is not from -9 to -0.5.",
        ),
        ("drums.wav -o m.wav --true-peak -1", "no effect without --loudness"),
        ("drums.wav@+-3dB -o m.wav", "gain_db +-3 is not from -60 to 12."),
        ("drums.wav@13dB -o m.wav", "drums.wav@13dB: gain_db 13 is not from -60 to"),
        ("drums.wav@pan=left -o m.wav", "pan left is not from -1 to 1."),
        ("drums.wav@offset=1e9ms -o m.wav", "is not from -600000 to 600000."),
        ("drums.wav@offset=12 -o m.wav", "'offset=12' is none of -3dB, pan=-0.2, "),
        ("drums.wav@gain=-3dB -o m.wav", "'gain=-3dB' is none of -3dB, pan=-0.2, "),
        ("drums.wav@loud -o m.wav", "drums.wav@loud: 'loud' is none of -3dB"),
        ("drums.wav@ -o m.wav", "'' is none of"),
        ("drums.wav@-1dB,-2dB -o m.wav", "'-2dB' comes after another gain_db."),
        ("drums.wav@mute,mute -o m.wav", "'mute' comes after another mute."),
        ("drums.wav@mute bass.flac@mute -o m.wav", "stems (all are muted)"),
        ("bass.flac@pan=0 -o m.wav --channels 1", "bass.flac@pan=0, pan (the mix has"),
        ("drums.wav@offset=-2000ms -o m.wav", "leave nothing to mix"),
        ("me@work.wav -o m.wav", "There is no file me@work.wav."),
        ("../me@x/gone.wav -o m.wav", "../me@x/gone.wav cannot be read: No such file"),
        ("gone.wav@-3dB -o m.wav", "gone.wav cannot be read: No such file"),
        ("@-3dB -o m.wav", "@-3dB cannot be read: No such file"),
        ("drums.wav text.wav@-3dB -o m.wav", "UNSUPPORTED_MEDIA: text.wav: "),
        ("drums.wav bass.flac@mute -o bass.flac", "one file"),
        ("drums.wav@-3dB -o drums.wav", "one file"),
        ("drums.wav -o no/such.wav", "cannot be written"),
        (f"{'drums.wav ' * 65} -o m.wav", "65 stems are too many for a mix."),
        (f"{'drums.wav ' * 65} -o m.wav --classic", "65 stems are too many"),
        ("drums.wav -o m.flac --classic", "m.flac must end with .wav"),
        ("drums.wav -o m.wav --classic --bits 16", "--bits has no effect with --cl"),
        (
            "drums.wav -o m.wav --classic --loudness -14 --true-peak -1",
            "--loudness has no effect with --classic",
        ),
        ("drums.wav@-3dB -o m.wav --classic", "no options of stems: drums.wav@-3dB"),
    ],
)
def test_a_mix_that_cannot_be_changes_nothing(folder, monkeypatch, capsys, line, hint):
    """A wrong word is one line that names the word, and costs no recording."""
    before = contents(folder)
    monkeypatch.setattr(sys, "argv", ["waveflow", "mix", *line.split()])

    with pytest.raises(SystemExit) as ended:
        main()

    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (exit_code_of(err), "")
    assert err.startswith("waveflow: ")
    assert err.count("\n") == 1
    assert hint in err
    assert contents(folder) == before


@pytest.mark.parametrize("word", ["drums.wav@pan=\udce9", "--rate=\udce9"])
@pytest.mark.usefixtures("folder")
def test_a_word_of_any_bytes_is_one_line(word):
    """A word in another encoding is a mistake to show, never a traceback."""
    ended = waveflow(f"mix drums.wav {word} -o m.wav")

    assert ended.returncode == 2
    assert ended.stderr.startswith("waveflow: ")
    assert ended.stderr.count("\n") == 1
