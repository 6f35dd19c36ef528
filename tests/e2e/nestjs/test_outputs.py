"""Zoom levels, previews and identities: asked for, stored, and given to a browser."""

import io
import json

import numpy as np
import pytest
import requests
import soundfile
from support.platform import USER
from support.processes import eventually

SAMPLE_RATE = 44_100
SECONDS = 2
LEFT, RIGHT = 16_384, 8_192  # levels of 16 bits; in the 8 bits of zoom files 64 and 32
HALF_PERIOD = 50  # frames of one sign


def square(*, kind):
    """Return a file with a square wave, of another level on each channel."""
    frames = np.arange(SECONDS * SAMPLE_RATE)
    signs = np.where(frames // HALF_PERIOD % 2, -1, 1)
    samples = (signs[:, None] * [LEFT, RIGHT]).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, subtype="PCM_16", format=kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def stem(platform):
    """Return the row of a completed stem."""
    return platform.process(square(kind="WAV"), track="outputs")


def media_of(platform, stem):
    """Return the signed addresses of a stem's outputs."""
    return platform.get(f"/stems/{stem['stemId']}/media?userId={USER}")


def fetched(address, **headers):
    """Return the answer of the bucket to a browser's GET."""
    return requests.get(address, headers=headers, timeout=20)


def pairs_of(content):
    """Return header, and min and max of each channel, of a zoom level's file."""
    header = np.frombuffer(content[:24], "<i4")
    return header, np.frombuffer(content[24:], np.int8).reshape(-1, header[5] * 2)


def test_a_stem_has_every_output_that_the_server_asks_for(platform, stem):
    """A server's team must find paths, sizes and identity in the row of a stem."""
    levels = stem["zoomLevels"]

    told = eventually(
        lambda: platform.recorder.seen("completion", stemId=stem["stemId"])
    )
    result = told[0].payload["result"]
    assert result["warnings"] == []
    assert [one["samplesPerPixel"] for one in levels] == [256, 1024, 4096]
    assert [one["path"] for one in levels] == [
        one["path"] for one in result["zoom_levels"]
    ]
    assert stem["previews"] == result["previews"]
    assert stem["previews"].keys() == {"opus", "mp3"}
    assert stem["audioId"] == result["audio_id"]
    assert platform.row(stem["stemId"])["audioId"].startswith("pcm1:")


def test_the_browser_gets_the_waveform_by_a_signed_address(platform, stem):
    """A browser must read the waveform from a private bucket by a signed URL."""
    answer = fetched(media_of(platform, stem)["waveform"])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == platform.read(stem["waveformDataPath"])
    document = answer.json()
    assert (document["version"], document["bits"]) == (2, 8)
    assert len(document["peaks"]) == stem["numPeaks"] == 1024
    assert document["audio_hash"] == stem["audioHash"]


def test_the_browser_gets_every_zoom_level_with_its_channels_apart(platform, stem):
    """A musician who zooms in must see left and right as they sound."""
    media = media_of(platform, stem)

    for level, stored in zip(media["zoomLevels"], stem["zoomLevels"], strict=True):
        answer = fetched(level["url"])
        header, pairs = pairs_of(answer.content)
        pixels = -(-SECONDS * SAMPLE_RATE // level["samplesPerPixel"])
        assert answer.status_code == 200
        assert answer.content == platform.read(stored["path"])
        assert len(answer.content) == level["bytes"]
        assert header.tolist() == [
            *(2, 1, SAMPLE_RATE, level["samplesPerPixel"], level["length"], 2),
        ]
        assert len(pairs) == level["length"] == pixels
        assert (pairs[:-1] == [-64, 64, -32, 32]).all()


@pytest.mark.parametrize("name", ["opus", "mp3"])
def test_the_browser_plays_a_preview_and_seeks_in_it(platform, stem, name):
    """A musician must hear the stem from a small file, from any second on."""
    preview = media_of(platform, stem)["previews"][name]
    whole = fetched(preview["url"])
    part = fetched(preview["url"], Range="bytes=100-199")

    samples, sample_rate = soundfile.read(io.BytesIO(whole.content))
    left, right = np.abs(samples[sample_rate // 4 : -sample_rate // 4]).mean(axis=0)
    assert whole.status_code == 200
    assert whole.content == platform.read(stem["previews"][name]["path"])
    assert len(whole.content) == preview["bytes"]
    assert len(samples) / sample_rate == pytest.approx(preview["duration"], abs=0.002)
    assert preview["duration"] == pytest.approx(SECONDS, abs=0.002)
    assert left / right == pytest.approx(2, rel=0.05)
    assert (part.status_code, part.content) == (206, whole.content[100:200])


def test_another_user_gets_no_address(platform, stem):
    """A stem is its owner's, and nobody else may learn an address of its files."""
    answer = requests.get(
        f"{platform.url}/stems/{stem['stemId']}/media?userId=other", timeout=20
    )

    assert answer.status_code == 404
    assert "X-Amz" not in answer.text


def test_the_same_recording_in_another_wrapping_is_named(platform, stem):
    """A user who uploads a WAV again as FLAC must read which stem it repeats."""
    flac = platform.process(square(kind="FLAC"), track="wrapped", name="take.flac")

    [listed] = platform.get(f"/stems?userId={USER}&trackId=wrapped")

    assert flac["state"] == "completed"
    assert flac["audioId"] == stem["audioId"]
    assert flac["audioHash"] != stem["audioHash"]
    assert listed["sameRecordingAs"] == [
        {name: stem[name] for name in ("stemId", "trackId", "originalFilename")}
    ]


def test_a_redraw_with_other_options_changes_the_outputs_alone(platform, stem):
    """An operator's redraw must reach the row, and must not begin the stem again."""
    before = platform.settled(stem)
    names = ("userId", "trackId", "stemId", "filepath")
    fields = {name: before[name] for name in names}
    options = {"waveform": {"zoom_levels": [64]}, "audio_id": True}
    message = {
        "task": "process_audio_analysis",
        "id": f"redraw-{stem['stemId']}",
        "args": [],
        "kwargs": {**fields, **options, "timestamp": before["requestedAt"]},
    }

    platform.sqs.send_message(
        QueueUrl=platform.env["SQS_QUEUE_URL"], MessageBody=json.dumps(message)
    )
    after = eventually(
        lambda: (
            (row := platform.settled(stem))["zoomLevels"] != before["zoomLevels"]
            and row
        )
    )

    [level] = after["zoomLevels"]
    content = fetched(media_of(platform, stem)["zoomLevels"][0]["url"]).content
    assert after["changedAt"] > before["changedAt"]
    assert after == {**before, **{k: after[k] for k in ("zoomLevels", "changedAt")}}
    assert (level["samplesPerPixel"], level["bytes"]) == (64, len(content))
    assert content == platform.read(level["path"])
