"""Sums of stems in the stage mix: what is fetched, written, and told."""

import gc
import io
import shutil
import wave
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from support.disk import held_bytes
from support.memory import MemoryObjects
from support.records import SENT, mix_request
from waveflow.audio.mix.render import render
from waveflow.audio.mix.total import MIN_SPLIT
from waveflow.errors import ResourceLimitError, StemMissingError
from waveflow.events.deliveries import delivery_of_outcome
from waveflow.events.flow import Outcome
from waveflow.ports import Policy
from waveflow.stages import _mixing
from waveflow.stages.mix import mix_stems

A, B, C = "audio/a.wav", "audio/b.wav", "audio/c.wav"
MIXED = f"mixed/stage1_mixed_{SENT}"
METADATA = {"waveflow-request", "waveflow-source", "waveflow-stems"}
RATE = 8_000
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)


def tone(level, *, frames=RATE, channels=2, rate=RATE):
    """Return the WAV of a constant 16-bit level, or of levels, shape (frames, 1)."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(np.full((frames, channels), level, "<i2").tobytes())
    return file.getvalue()


STEMS = {A: tone(1000), B: tone(200, channels=1), C: tone(30, frames=RATE // 2)}


def mix(objects=None, **asked):
    """Mix the three stems; return the payload of the webhook, and the bucket."""
    if objects is None:
        objects = MemoryObjects(checksums=True)
        for key, body in STEMS.items():
            objects.put(key, body)
    request = mix_request(stem_paths=list(STEMS), **asked)
    done = mix_stems(request, objects=objects, policy=POLICY)
    outcome = msgspec.convert(msgspec.to_builtins(done.outcome), Outcome[dict])
    return delivery_of_outcome(done.job, outcome).payload, objects


def samples(body):
    """Return the samples of a 24-bit WAV, in units of 16 bits."""
    with wave.open(io.BytesIO(body)) as file:
        assert file.getsampwidth() == 3
        raw = np.frombuffer(file.readframes(-1), np.uint8).reshape(-1, 3)
        padded = np.pad(raw, ((0, 0), (1, 0))).reshape(-1)
        return padded.view("<i4").reshape(-1, file.getnchannels()) / 65_536


def test_a_sum_is_written_and_told_with_all_facts():
    """A server shows the mix, its level and each stem's share from one webhook."""
    faders = [{"path": C, "gain_db": -6.0}, {"path": B, "invert": False}]
    told, objects = mix(mix={}, stems=faders)

    first = samples(objects.body(f"{MIXED}.wav"))[0]
    assert first == pytest.approx([1000 + 200 + 30 * 10**-0.3] * 2, abs=0.01)
    assert told["mixed_file_path"] == f"{MIXED}.wav"
    audio = objects.find(f"{MIXED}.wav")
    assert audio.metadata["waveflow-source"] == audio.sha256
    assert set(audio.metadata) == {"waveflow-algorithm", *METADATA}
    assert (told["channels"], told["sample_rate"], told["stem_count"]) == (2, RATE, 3)
    facts = told["mix"]
    assert facts.pop("loudness")["reason"] is None
    assert facts == {
        "channels": 2,
        "format": "wav24",
        "sample_rate": RATE,
        "loudness_target": None,
        "applied_gain_db": 0.0,
        "limiter_db": 0.0,
    }
    assert told["stems"] == [
        {"muted": False, "duration": 1.0, "peak": 0.030518, "warnings": []},
        {"muted": False, "duration": 1.0, "peak": 0.006104, "warnings": []},
        {"muted": False, "duration": 0.5, "peak": 0.000459, "warnings": []},
    ]


def test_every_fader_reaches_the_sum():
    """A fader that the stage forgets would be heard on the page, not in the file."""
    faders = [
        {"path": A, "invert": True, "pan": -1},
        {"path": C, "offset_ms": 500},
    ]

    _, objects = mix(stems=faders)

    heard = samples(objects.body(f"{MIXED}.wav"))
    assert heard[0] == pytest.approx([-2000 + 200, 200], abs=0.01)
    assert heard[RATE // 2] == pytest.approx([-2000 + 230, 230], abs=0.01)


def test_a_muted_stem_is_not_fetched_and_may_be_missing():
    """A practice mix without one player must not need that player's file."""
    objects = MemoryObjects()
    for key in (A, C):
        objects.put(key, STEMS[key])

    told, _ = mix(objects, stems=[{"path": B, "mute": True}])

    assert samples(objects.body(f"{MIXED}.wav"))[0] == pytest.approx([1030, 1030])
    assert not [call for call in objects.calls if call[1] == B]
    assert told["stem_paths"] == [A, B, C]
    assert told["stems"][1] == {
        "muted": True,
        "duration": None,
        "peak": None,
        "warnings": [],
    }
    with pytest.raises(StemMissingError):
        mix(objects, timestamp="2026-01-01T00:00:00Z", mix={})


@pytest.mark.parametrize("wanted", ["first", "highest"])
def test_a_muted_stem_does_not_set_the_rate(wanted):
    """A practice mix must not change its sample rate with the player left out."""
    objects = MemoryObjects()
    for key, body in {**STEMS, A: tone(1000, rate=4 * RATE)}.items():
        objects.put(key, body)

    told, _ = mix(
        objects, mix={"sample_rate": wanted}, stems=[{"path": A, "mute": True}]
    )

    assert told["mix"]["sample_rate"] == RATE


def test_64_stems_are_one_sum():
    """An orchestra of 64 stems, the most that a message takes, must be whole."""
    objects, keys = MemoryObjects(), [f"audio/{n}.wav" for n in range(64)]
    for number, key in enumerate(keys, start=1):
        objects.put(key, tone(number, frames=100))
    request = mix_request(stem_paths=keys, mix={})

    done = mix_stems(request, objects=objects, policy=POLICY)

    peaks = [stem.peak for stem in done.outcome.result.stems]
    assert peaks == [round(number / 32_768, 6) for number in range(1, 65)]
    assert (samples(objects.body(f"{MIXED}.wav")) == 64 * 65 // 2).all()


def test_a_disk_too_small_for_a_sum_is_told_before_a_fetch(monkeypatch):
    """A sum that overfills the disk must be refused before a paid download."""
    frames, stems = len(STEMS[A]) // 4, sum(map(len, STEMS.values()))
    needed = frames * 2 * 4 + stems
    free = SimpleNamespace(free=needed - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free)
    objects = MemoryObjects()
    for key, body in STEMS.items():
        objects.put(key, body)

    with pytest.raises(ResourceLimitError, match=str(needed)):
        mix(objects, mix={})

    assert {call for call, _ in objects.calls} == {"find"}


def test_a_classic_mix_names_the_stem_that_cancels_itself():
    """A wide stem vanishes from a classic mix, and the server must learn which."""
    levels = 8_000 * np.sin(np.arange(4 * RATE) / 9)
    wide = np.stack((levels, -levels), axis=1).astype("<i2").tobytes()
    objects = MemoryObjects()
    objects.put(A, tone(0, frames=4 * RATE)[:44] + wide)
    objects.put(B, STEMS[B])

    request = mix_request(stem_paths=[A, B])
    done = mix_stems(request, objects=objects, policy=POLICY)

    assert done.outcome.result.warnings == [f"ANTI_PHASE:{A}"]


LONG = 1 + MIN_SPLIT  # stems of so many frames are read in parts, in threads


@pytest.fixture(name="_no_collector")
def no_collector():
    """Keep the garbage collector from closing what the product left open."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("is_classic", [False, True])
def test_stems_leave_no_disk_behind(monkeypatch, tmp_path, is_classic):
    """A file that is removed and still open fills the disk of the next mix."""
    objects, held = MemoryObjects(), []
    for key in STEMS:
        objects.put(key, tone(5, frames=LONG, channels=1))
    policy = msgspec.structs.replace(POLICY, scratch=tmp_path, max_file_bytes=1 << 21)

    def spy(*asked, **how):
        [folder] = tmp_path.iterdir()
        held.append(held_bytes(folder / "stem"))
        return render(*asked, **how)

    monkeypatch.setattr(_mixing, "render", spy)
    asked = {} if is_classic else {"mix": {}}
    request = mix_request(stem_paths=list(STEMS), **asked)

    mix_stems(request, objects=objects, policy=policy)

    assert held == ([] if is_classic else [0])
    assert held_bytes(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_flac_has_its_suffix_and_type():
    """A browser that gets FLAC as audio/wav may refuse to play the mix."""
    told, objects = mix(mix={"format": "flac16", "channels": 1})

    assert told["mixed_file_path"] == f"{MIXED}.flac"
    assert objects.body(f"{MIXED}.flac").startswith(b"fLaC")
    assert told["channels"] == 1


def test_a_target_and_what_was_reached_are_told():
    """A musician who asks for -14 LUFS reads in the result what the file has."""
    objects = MemoryObjects()
    sine = np.sin(2 * np.pi * 997 * np.arange(RATE) / RATE)[:, np.newaxis]
    for key in STEMS:
        objects.put(key, tone(2_000 * sine))

    told, _ = mix(objects, mix={"loudness": {"integrated": -20}})

    assert told["mix"]["loudness_target"] == {"integrated": -20, "true_peak": -1}
    assert told["mix"]["loudness"]["integrated"] == pytest.approx(-20, abs=0.1)
    assert told["mix"]["applied_gain_db"] == pytest.approx(-20 + 14.7, abs=0.5)


@pytest.mark.parametrize(
    ("level", "warning", "limiter_db"),
    [(8_000, "LOUDNESS_LIMITED", 12), (0, "LOUDNESS_UNKNOWN", 0)],
)
def test_a_target_that_is_not_reached_is_told(level, warning, limiter_db):
    """A musician must learn that a mix is quieter than asked for, and by how much."""
    wave_of = level * np.sin(np.arange(RATE) * 0.783)
    sine = np.stack((wave_of, wave_of), axis=1).astype("<i2").tobytes()
    objects = MemoryObjects()
    for key in STEMS:
        objects.put(key, tone(0)[:44] + sine)

    told, _ = mix(objects, mix={"loudness": {"integrated": -8, "true_peak": -9}})

    assert told["warnings"] == [warning]
    assert told["mix"]["limiter_db"] == pytest.approx(limiter_db, abs=0.05)


def test_a_sum_has_zoom_levels_preview_and_identity_too():
    """A page shows and plays a mix as it shows and plays a stem."""
    told, objects = mix(
        mix={}, waveform={"zoom_levels": [64]}, previews=["opus"], audio_id=True
    )

    assert told["audio_id"].startswith("pcm1:")
    named = [told["zoom_levels"][0]["path"], told["previews"]["opus"]["path"]]
    assert set(named) <= set(objects.live())
