"""Mixes that a page asks for with faders, and practice mixes for a band."""

import io
import json

import numpy as np
import pytest
import requests
import soundfile
from support import sound
from support.platform import USER
from support.processes import eventually

SECONDS = 2
OFFSET_FRAMES = sound.RATE // 10
TARGET_LUFS = -23
FULL_SCALE_24 = 1 << 23


def sixteen_bits(samples):
    """Return samples as the int16 of a file."""
    return np.round(samples * 32_767).astype(np.int16)


SOUNDS = {
    "drums": sixteen_bits(sound.music(SECONDS)),
    "bass": sixteen_bits(sound.tone(SECONDS, hz=110, level=0.3)),
    "voice": sixteen_bits(sound.tone(SECONDS, hz=997, level=0.25)),
}


@pytest.fixture(scope="module")
def band(platform):
    """Return the rows of three completed stems, by the player's name."""
    rows = {}
    for name, samples in SOUNDS.items():
        file = io.BytesIO()
        soundfile.write(file, samples, sound.RATE, subtype="PCM_16", format="WAV")
        rows[name] = platform.process(file.getvalue(), track="band", name=f"{name}.wav")
    return rows


@pytest.fixture
def ids(band):
    """Return the id of each player's stem."""
    return {name: row["stemId"] for name, row in band.items()}


def ended(platform, mix):
    """Return a mix as its page shows the mix, once WaveFlow has finished."""
    path = f"/mixes/{mix['taskId']}?userId={USER}"
    return eventually(
        lambda: (one := platform.get(path))["state"] != "queued" and one,
        otherwise=lambda: platform.waveflow.output,
    )


def heard(platform, mix):
    """Return the audio that a browser gets for a mix: float samples and the file."""
    media = platform.get(f"/mixes/{mix['taskId']}/media?userId={USER}")
    answer = requests.get(media["audio"], timeout=20)
    assert answer.status_code == 200
    file = soundfile.SoundFile(io.BytesIO(answer.content))
    return file.read(always_2d=True), file


def faders_as_numpy_moves_them():
    """Return the plain sum of the first test's faders, shape (frames, 2)."""
    drums, bass, voice = (samples / 32_768 for samples in SOUNDS.values())
    total = np.zeros((len(drums) + OFFSET_FRAMES, 2))
    total[: len(drums)] -= drums
    total[OFFSET_FRAMES:] += bass[:, None]
    total[: len(voice), 0] += voice * 10 ** (-6 / 20)
    return total


def test_a_page_gets_the_mix_that_its_faders_were_set_to(platform, ids):
    """A musician must hear the balance of the faders, at the loudness asked for."""
    asked = {"format": "flac24", "loudness": {"integrated": TARGET_LUFS}}
    stems = [
        {"stemId": ids["voice"], "gain_db": -6, "pan": -1},
        {"stemId": ids["drums"], "invert": True},
        {"stemId": ids["bass"], "offset_ms": 100},
    ]

    wish = {"userId": USER, "stageId": "faders", "stemIds": [*ids.values()]}
    row = ended(platform, platform.post("/mixes", **wish, mix=asked, stems=stems))

    samples, file = heard(platform, row)
    facts = row["facts"]
    gain = 10 ** (facts["applied_gain_db"] / 20)
    assert (row["state"], row["warnings"], row["mix"]) == ("completed", [], asked)
    assert (file.format, file.subtype, file.channels) == ("FLAC", "PCM_24", 2)
    assert row["mixedFilePath"].endswith(".flac")
    assert facts["loudness"]["integrated"] == pytest.approx(TARGET_LUFS, abs=0.1)
    assert facts["limiter_db"] == 0
    assert facts["loudness_target"] == {"integrated": TARGET_LUFS, "true_peak": -1}
    np.testing.assert_allclose(samples, faders_as_numpy_moves_them() * gain, atol=1e-4)
    levels = {stem["originalFilename"]: stem["facts"] for stem in row["stems"]}
    assert levels["voice.wav"]["peak"] == pytest.approx(0.25 / 10 ** (6 / 20), 1e-3)
    assert levels["bass.wav"] == {
        "muted": False,
        "duration": SECONDS,
        "warnings": [],
        "peak": pytest.approx(0.3, abs=1e-3),
    }


def test_a_mix_of_two_channels_has_zoom_levels_of_both_and_previews(platform, ids):
    """A musician must see left and right of a mix, and hear its small file."""
    wish = {"userId": USER, "stageId": "zoomed", "stemIds": [ids["voice"]]}
    panned = {"stemId": ids["voice"], "pan": -1}
    row = ended(platform, platform.post("/mixes", **wish, stems=[panned]))

    media = platform.get(f"/mixes/{row['taskId']}/media?userId={USER}")

    assert [level["channels"] for level in media["zoomLevels"]] == [2, 2, 2]
    content = requests.get(media["zoomLevels"][0]["url"], timeout=20).content
    pairs = np.frombuffer(content[24:], np.int8).reshape(-1, 4)
    assert np.abs(pairs).max(axis=0).tolist() == [32, 32, 0, 0]
    preview = requests.get(media["previews"]["opus"]["url"], timeout=20).content
    left, right = np.abs(soundfile.read(io.BytesIO(preview))[0]).mean(axis=0)
    assert left > 0.1
    assert right < 0.01


def test_each_player_of_a_band_gets_the_mix_of_all_others(platform, ids):
    """A musician who practises must hear the others, sample by sample, and not self."""
    players = [{"name": name, "stemIds": [ids[name]]} for name in ("bass", "voice")]
    asked = {"userId": USER, "stemIds": [*ids.values()], "players": players}

    url = f"{platform.url}/stages/practice/practice-mixes"
    for mix in requests.post(url, json=asked, timeout=20).json():
        ended(platform, mix)

    listed = platform.get(f"/mixes?userId={USER}&stageId=practice")
    assert [mix["player"] for mix in listed] == ["voice", "bass"]
    for mix in listed:
        samples, _ = heard(platform, mix)
        left_out = {
            stem["originalFilename"] for stem in mix["stems"] if stem["facts"]["muted"]
        }
        total = sum(
            samples.astype(int).reshape(len(samples), -1)
            for name, samples in SOUNDS.items()
            if name != mix["player"]
        )
        assert (mix["state"], left_out) == ("completed", {f"{mix['player']}.wav"})
        assert np.array_equal(samples * FULL_SCALE_24, total << 8)


def test_a_refused_mix_says_so_on_its_own_row(platform, ids):
    """A user whose mix would replace another must read the refusal, on the new row."""
    wish = {"userId": USER, "stageId": "refused", "stemIds": [ids["bass"]]}
    first = ended(platform, platform.post("/mixes", **wish))
    with platform.aws.blocked("SendMessage", how="refusing"):
        second = platform.post("/mixes", **{**wish, "stemIds": [ids["voice"]]})
    fields = {"stageId": "refused", "timestamp": first["requestedAt"]}
    message = {
        "task": "mix_stems_and_upload",
        "id": second["taskId"],
        "args": [],
        "kwargs": {**fields, "stem_paths": [platform.row(ids["voice"])["filepath"]]},
    }

    platform.sqs.send_message(
        QueueUrl=platform.env["SQS_QUEUE_URL"], MessageBody=json.dumps(message)
    )
    row = ended(platform, second)

    assert (row["state"], row["errorCode"]) == ("error", "INVALID_MESSAGE")
    assert "another mix needs another timestamp" in row["errorMessage"]
    assert ended(platform, first) == first
