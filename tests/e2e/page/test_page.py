"""The page in a browser: drop, watch, listen, mix, delete and undo."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import console, walk
from support.node import require_node
from support.processes import HANGS_S
from waveflow_local.engine.sleep import WAKES_AFTER_S

FLOW_WITHIN_S = 2 * HANGS_S
LATE = ("--verdict-timeout", str(TIMEOUT_S := 8))
RATE = 22_050
# Requests that the walk makes fail on purpose; no other request may be refused.
REFUSED = [
    "409 POST /local/undo/{id}",
    "503 PUT /local/behaviour",
    "503 POST /tokens/studio/mix",
]


@pytest.fixture(name="url")
def _url(tmp_path):
    """Run `waveflow up` with a short verdict time-out; return the page's URL."""
    with console(tmp_path, *LATE) as url:
        yield url


def write_files(folder: Path) -> None:
    """Write three stems that mix well and look unlike each other, and short tones."""
    rng = np.random.default_rng(7)
    t = np.arange(RATE * 6) / RATE
    beat = np.exp(-((t * 2) % 1) * 18) * np.sin(2 * np.pi * 60 * ((t * 2) % 1))
    hats = np.exp(-((t * 4) % 1) * 30) * rng.standard_normal(t.size) * 0.15
    bass = np.sign(np.sin(2 * np.pi * 55 * t)) * np.exp(-(t % 0.5) * 3) * 0.5
    swell = np.clip(np.sin(2 * np.pi * 0.25 * t + 1), 0, 1)
    voice = np.sin(2 * np.pi * 330 * t) * swell * 0.4
    sounds = {"drums.wav": beat * 0.8 + hats, "bass.flac": bass, "voice.ogg": voice}
    short = ("other", "late", "slow", "twice", "down", "twin", "asleep")
    for pitch, name in enumerate(short):
        fades = np.clip(1 - t[: RATE // 2] * 2, 0, 1)
        sounds[f"{name}.wav"] = np.sin(220 * (pitch + 2) * t[: RATE // 2]) * fades
    for name, sound in sounds.items():
        soundfile.write(folder / name, np.stack([sound, sound * 0.9], axis=1), RATE)
    shutil.copy(folder / "drums.wav", folder / "copy.wav")


@pytest.fixture(name="seen")
def _seen(browser, url, tmp_path):
    """Return the browser's findings at each step; keep its pictures where asked."""
    write_files(tmp_path)
    return walk(Path(__file__).with_name("flow.mjs"), url, browser, tmp_path)


def test_a_person_sees_hears_mixes_deletes_and_undoes(seen):
    """A musician must see, hear, mix, lose and restore files on the page."""
    assert seen["machine"] == "Ask"
    assert {"Waiting for your answer", "Done"} <= set(seen["states"])
    assert seen["waveforms"] == [1, 1, 1]
    outputs = {"previews": ["mp3", "opus"], "sound": "pcm1:"}
    assert seen["outputs"] == {"levels": [[64, 2], [512, 2], [4096, 2]], **outputs}
    mixed = {"levels": [[64, 1], [512, 1], [4096, 1]], **outputs}
    assert seen["outputs of the mix"] == mixed
    assert seen["seeked"] >= 6
    # Zoomed in, a card scrolls inside and never grows over its neighbours.
    assert [step["width"] for step in seen["zoomed"]] == [390, 600, 901, 1280, 1920]
    assert all(step["wider"] == step["overflow"] == 0 for step in seen["zoomed"])
    assert "Every stem is in it" in seen["mix"]
    assert "the older copy stays" in seen["duplicate"]
    assert "webhook-signature: v1," in seen["webhook"]
    assert seen["undone"] == "Restored"
    note, audio = seen["delivered after the undo"]
    assert "Delivered again. Nothing was written twice." in note
    assert "→ Waveform → Tell." in note
    assert audio == 307
    assert "not accepted" in seen["failed"]
    assert seen["phone"] == {"language": "ko", "overflow": 0}
    assert seen["plain"] == {"drawn": True, "players": True}

    # A second tab must not change the server's rule or the list of the first tab.
    assert seen["rules"] == [True, True]
    assert seen["kept"] == 15

    # A person gives verdicts by hand.
    assert "nothing deleted, nothing drawn" in seen["held"]
    assert "The same file as drums.wav: the older copy stays" in seen["by hand"]

    # Several players start within milliseconds, the mix included.
    assert max(seen["apart"]) < 20

    # A faulty server delays the drawing only, and the row says for how long.
    assert TIMEOUT_S <= seen["late"] < 2 * TIMEOUT_S
    assert 3 <= seen["slow"] < TIMEOUT_S
    assert seen["down"][0] == 500
    assert seen["down"][-1] == 201
    assert float(re.search(r"Hash ([\d.]+) s", seen["asleep"])[1]) >= WAKES_AFTER_S / 50
    # Two uploads within one second have no older copy for sure, so both may stay.
    one_stays = "twin.wav: the older copy stays"
    both_stay = "Kept: the other copy is not the older one"
    assert sum(one_stays in note for note in seen["twins"]) <= 1
    assert any(one_stays in note or both_stay in note for note in seen["twins"])
    assert "Nothing was written twice." in seen["again"]
    assert "The webhook carried the same id." in seen["again"]

    # A refusal must read as a refusal, with its own sentence.
    undo_refused = "Undo deletion failed: A file is there already."
    assert seen["undo refused"].endswith(undo_refused)
    assert "Delivered again" not in seen["undo refused"]
    storage = "The storage did not answer; try again later."
    assert seen["switch refused"] == f"Switching the server failed: {storage}"
    assert seen["rule kept"]
    assert seen["mix refused"] == f"Mix failed: {storage}"
    assert seen["no network"] == "업로드 실패: 서버에 연결할 수 없습니다."
    assert seen["refused"] == REFUSED
    assert seen["faults"] == [
        "Failed to load resource: net::ERR_FAILED /tokens/studio/upload-audio"
    ]
    assert seen["elsewhere"] == []


@pytest.mark.parametrize(
    "part",
    [
        "events",
        "follow",
        "levels",
        "mixer",
        "sound",
        "together",
        "transport",
        "versions",
    ],
)
def test_the_pages_parts_keep_their_claims(part):
    """A lost stream, or stems that start apart, would show in no walk of the page."""
    require_node()
    path = Path(__file__).with_name(f"{part}.test.mjs")

    ran = subprocess.run(
        ["node", "--test", path],
        capture_output=True,
        text=True,
        timeout=FLOW_WITHIN_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
