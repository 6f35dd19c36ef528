"""Ask for zoom levels, previews and identity of a stem that was drawn without them."""

from click.testing import CliRunner
from support.processes import eventually
from waveflow_local.cli.app import app

OPTIONS = ("--zoom", "64,256", "--preview", "opus", "--preview", "mp3", "--audio-id")


def redraw(world, message, *options):
    """Redraw a stem by the command, and return its new webhook and its headers."""
    stem = message["stemId"]
    before = len(world.standin.archive.about(stem, "completion"))
    ended = CliRunner(env={"AWS_ENDPOINT_URL": world.pipeline.endpoint}).invoke(
        app,
        [
            *("ops", "redraw", stem, "--stack", "local"),
            *("--user-id", message["userId"], "--track-id", message["trackId"]),
            *("--filepath", message["filepath"], "--timestamp", message["timestamp"]),
            *options,
        ],
    )
    assert ended.exit_code == 0, ended.output
    return eventually(lambda: world.standin.archive.about(stem, "completion")[before:])[
        0
    ]


def test_an_old_stem_gets_what_the_redraw_asks_for(world):
    """A page can zoom and play a stem of before, without a new upload."""
    message, _ = world.upload()
    stem, [first] = message["stemId"], world.told(message["stemId"], "completion")
    document = world.read(first["audio_wave_path"])

    result = redraw(world, message, *OPTIONS).body["result"]

    assert [level["samples_per_pixel"] for level in result["zoom_levels"]] == [64, 256]
    made = [
        *(level["path"] for level in result["zoom_levels"]),
        *(preview["path"] for preview in result["previews"].values()),
    ]
    assert sorted(result["previews"]) == ["mp3", "opus"]
    assert result["audio_id"].startswith("pcm1:")
    assert sorted(made) == sorted(
        [*world.keys(f"{stem}_zoom_"), *world.keys("previews/")]
    )
    assert result["waveform_data_path"] == first["audio_wave_path"]
    assert world.read(first["audio_wave_path"]) == document
    assert len(world.versions(first["audio_wave_path"])) == 1


def test_each_redraw_is_a_job_of_its_own(world):
    """A server that takes the second for a repeat would never see its outputs."""
    message, _ = world.upload()
    first = redraw(world, message, "--zoom", "64")
    second = redraw(world, message, "--zoom", "64,256")

    told = world.standin.archive.about(message["stemId"], "completion")
    assert len({received.webhook_id for received in told}) == 3
    assert len({received.body["task_id"] for received in told}) == 3
    assert not first.repeated
    assert not second.repeated
    assert len(second.body["result"]["zoom_levels"]) == 2
