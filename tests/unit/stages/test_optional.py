"""Optional outputs: made from the one decode, told, and named for what they are."""

import io
import struct
import wave
from functools import partial

import msgspec
import pytest
from msgspec import UNSET, structs
from support.invocations import EVERYTHING
from support.memory import MemoryObjects
from support.optional import (
    BODY,
    DOCUMENT,
    HASH,
    KEY,
    POLICY,
    PREVIEW,
    ZOOM,
    draw,
)
from support.records import SENT, mix_request
from support.simulation.traffic import tiny_wav
from waveflow.audio.preview.encoder import PreviewEncoder
from waveflow.stages import _optional
from waveflow.stages.mix import mix_stems


def test_everything_that_was_asked_for_has_a_place_and_an_object():
    """A server stores what the result names, and a browser loads the objects."""
    result, objects = draw(**EVERYTHING)

    assert [level["path"] for level in result["zoom_levels"]] == [
        f"{ZOOM}64.dat",
        f"{ZOOM}128.dat",
    ]
    for level in result["zoom_levels"]:
        body = objects.body(level["path"])
        head = struct.unpack_from("<iIiiI", body)
        assert head == (1, 1, 8000, level["samples_per_pixel"], level["length"])
        assert len(body) == level["bytes"] == 20 + 2 * level["length"]
    assert result["audio_id"].startswith("pcm1:")
    for form, preview in result["previews"].items():
        assert preview["path"] == f"{PREVIEW}.{form}"
        assert len(objects.body(preview["path"])) == preview["bytes"] > 0
        assert preview["duration"] == 40 / 8000
    assert result["warnings"] == []


def test_every_new_object_says_of_which_bytes_it_is():
    """A redraw tells a current preview from an old one by these two names."""
    _, objects = draw(**EVERYTHING)

    said = {key: objects.find(key).metadata for key in objects.live()}
    new = {key: names for key, names in said.items() if key not in {KEY, DOCUMENT}}
    assert len(new) == 4
    assert {names["waveflow-source"] for names in new.values()} == {HASH}
    assert all(names["waveflow-algorithm"].isdigit() for names in new.values())
    assert said[DOCUMENT] == {}


def test_the_document_is_published_first():
    """A preview that fails must find the waveform already there."""
    _, objects = draw(**EVERYTHING)

    written = [key for call, key in objects.calls if call.startswith("publish")]
    assert written[0] == DOCUMENT
    assert [key.startswith("previews/") for key in written[-2:]] == [True, True]


def test_nothing_asked_is_what_the_release_before_did():
    """A server that asks for nothing must see no new field, key or request."""
    result, objects = draw()
    asked, _ = draw(waveform={}, previews=[], audio_id=False)

    assert sorted(objects.live()) == [KEY, DOCUMENT]
    assert result == asked
    assert not {"zoom_levels", "audio_id", "previews"} & set(result)


@pytest.mark.parametrize(
    ("fields", "levels", "named"),
    [
        ({}, [256], True),
        ({"waveform": {"zoom_levels": [64]}}, [64], True),
        ({"waveform": {"split_channels": True}}, [256], True),
        ({"waveform": {"zoom_levels": []}, "audio_id": False}, None, False),
    ],
)
def test_a_message_wins_over_the_stacks_parameters(fields, levels, named):
    """An operator asks for every upload; one message may want other things."""
    policy = structs.replace(POLICY, zoom_levels=(256,), audio_id=True)

    result, _ = draw(policy=policy, **fields)

    drawn = result.get("zoom_levels")
    assert (drawn and [level["samples_per_pixel"] for level in drawn]) == levels
    assert ("audio_id" in result) == named


def test_the_stack_asks_zoom_levels_of_uploads_and_identities_of_mixes_too():
    """An operator's zoom levels are for uploads; a mix asks by its own message."""
    objects = MemoryObjects()
    objects.put(KEY, BODY)
    policy = structs.replace(POLICY, zoom_levels=(256,), audio_id=True)

    request = mix_request(stem_paths=[KEY])
    told = mix_stems(request, objects=objects, policy=policy).outcome.result

    assert told.zoom_levels is UNSET
    assert told.audio_id.startswith("pcm1:")


@pytest.mark.parametrize(
    ("method", "missing"), [("add", ["mp3", "opus"]), ("finish", ["mp3", "opus"])]
)
def test_an_encoder_that_fails_costs_its_preview_alone(
    monkeypatch, caplog, method, missing
):
    """A musician sees the waveform, whatever happens to the small files."""

    def fail(*_):
        raise RuntimeError("no encoder")

    monkeypatch.setattr(PreviewEncoder, method, fail)

    result, objects = draw(**EVERYTHING)

    assert result["previews"] == dict.fromkeys(missing)
    assert result["warnings"] == ["PREVIEW_FAILED"]
    assert len(result["zoom_levels"]) == 2
    assert not [key for key in objects.live() if key.startswith("previews/")]
    logged = [(line.outcome, line.kind) for line in caplog.records]
    assert logged == [("PREVIEW_FAILED", "RuntimeError")] * len(missing)


def test_a_preview_of_the_same_bytes_stays():
    """Encoders differ by processor: a redelivery must not exchange what is heard."""
    _, objects = draw(**EVERYTHING)
    kept = objects.find(f"{PREVIEW}.mp3").metadata
    objects.put(f"{PREVIEW}.mp3", b"of another processor", kept)
    objects.put(f"{PREVIEW}.opus", b"of other bytes", {**kept, "waveflow-source": "x"})

    result, _ = draw(objects, **EVERYTHING)

    assert objects.body(f"{PREVIEW}.mp3") == b"of another processor"
    assert result["previews"]["mp3"]["bytes"] == len(b"of another processor")
    assert objects.body(f"{PREVIEW}.opus") != b"of other bytes"


def test_other_options_add_what_is_missing():
    """The same stem and timestamp with more options keeps what is there."""
    _, objects = draw()
    before = objects.live()

    _, objects = draw(objects, **EVERYTHING)

    assert before.items() <= objects.live().items()
    assert len(objects.live()) == len(before) + 4


def test_a_mix_has_them_too_in_a_folder_of_its_own():
    """A stem and a stage may share an id, and must not share a preview."""
    objects = MemoryObjects()
    for number, key in enumerate(("audio/a.wav", "audio/b.wav")):
        objects.put(key, tiny_wav(number))
    request = mix_request(stem_paths=["audio/a.wav", "audio/b.wav"], **EVERYTHING)

    outcome = mix_stems(request, objects=objects, policy=POLICY).outcome

    result = msgspec.to_builtins(outcome.result)
    zoom = f"waveforms/mixed/stage1_zoom_{SENT}/"
    assert [level["path"] for level in result["zoom_levels"]] == [
        f"{zoom}64.dat",
        f"{zoom}128.dat",
    ]
    assert result["audio_id"].startswith("pcm1:")
    assert result["previews"]["opus"]["path"] == f"previews/mixed/stage1_{SENT}.opus"
    assert {level["path"] for level in result["zoom_levels"]} <= set(objects.live())


def test_a_truncated_stem_has_no_identity():
    """Half of a recording must not be named as if it were the whole."""
    objects = MemoryObjects()
    objects.put(KEY, BODY[:-20])

    result, _ = draw(objects, audio_id=True)

    assert result["audio_id"] is None
    assert result["warnings"] == ["AUDIO_ID_UNKNOWN", "TRUNCATED"]


@pytest.mark.parametrize(
    ("channels", "split", "name", "version"),
    [(1, True, "64.dat", 1), (2, True, "64_split.dat", 2), (2, False, "64.dat", 1)],
)
def test_a_file_of_two_channels_is_named_as_split(channels, split, name, version):
    """A page reads from the name how many waves to draw, and mono has one alone."""
    objects = MemoryObjects()
    objects.put(KEY, wav_of(channels))

    asked = {"zoom_levels": [64], "split_channels": split}
    result, _ = draw(objects, waveform=asked)

    [level] = result["zoom_levels"]
    assert level["path"] == f"{ZOOM}{name}"
    assert level["channels"] == version
    assert objects.body(level["path"])[0] == version


def wav_of(channels):
    """Return a WAV of a hundred frames."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, 8000, 0, "NONE", "not compressed"))
        out.writeframes(bytes(200 * channels))
    return file.getvalue()


class Typed(MemoryObjects):
    """Bucket that keeps the content type of each result."""

    def __init__(self):
        super().__init__()
        self.types = {}

    def publish(self, key, content, *, content_type, **more):
        """Keep the content type."""
        self.types[key] = content_type
        super().publish(key, content, content_type=content_type, **more)

    def publish_once(self, key, path, *, content_type, **more):
        """Keep the content type."""
        self.types[key] = content_type
        return super().publish_once(key, path, content_type=content_type, **more)


def test_a_browser_is_told_what_each_file_is():
    """A player refuses a preview that claims to be something else."""
    _, objects = draw(Typed(), **EVERYTHING)

    assert objects.types == {
        f"{ZOOM}64.dat": "application/octet-stream",
        f"{ZOOM}128.dat": "application/octet-stream",
        f"{PREVIEW}.mp3": "audio/mpeg",
        f"{PREVIEW}.opus": "audio/ogg",
    }


def test_levels_that_are_too_large_leave_a_null_and_their_own_code(monkeypatch):
    """A page must tell levels that were dropped from levels that failed."""
    small = partial(_optional.ZoomLevels, max_bytes=1)
    monkeypatch.setattr(_optional, "ZoomLevels", small)

    result, objects = draw(waveform={"zoom_levels": [64, 128]})

    assert result["zoom_levels"] is None
    assert result["warnings"] == ["ZOOM_DROPPED"]
    assert sorted(objects.live()) == [KEY, DOCUMENT]
