"""Optional outputs: made from the one decode, told, and never the end of a job."""

import hashlib
import struct

import msgspec
import pytest
from msgspec import UNSET, structs
from support.memory import MemoryObjects
from support.records import SENT, TS, UPLOAD, hash_request, mix_request
from support.simulation.traffic import tiny_wav
from waveflow.audio.preview.encoder import PreviewEncoder
from waveflow.errors import StorageUnavailableError
from waveflow.events.flow import WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.mix import mix_stems
from waveflow.stages.waveform import draw_waveform

KEY = UPLOAD["filepath"]
BODY = tiny_wav(1)
HASH = hashlib.sha256(BODY).hexdigest()
ZOOM = f"waveforms/stem789_zoom_{TS}/"
PREVIEW = f"previews/stem789_{TS}"
DOCUMENT = f"waveforms/stem789_waveform_{TS}.json"
EVERYTHING = {
    "waveform": {"zoom_levels": [64, 128]},
    "audio_id": True,
    "previews": ["mp3", "opus"],
}
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=1_000_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Failing(MemoryObjects):
    """Bucket that takes nothing under keys that begin with `refused`."""

    refused = "previews/"

    def publish(self, key, content, *, content_type, metadata=UNSET):
        """Refuse some keys, as S3 does while its network fails."""
        if key.startswith(self.refused):
            raise StorageUnavailableError("S3 did not answer.")
        super().publish(key, content, content_type=content_type, metadata=metadata)


def draw(objects=None, *, policy=POLICY, retries=0, **fields):
    """Draw the upload of a message; return the result and the bucket."""
    objects = MemoryObjects() if objects is None else objects
    if objects.body(KEY) is None:
        objects.put(KEY, BODY)
    pinned = hash_object(hash_request(**fields), objects=objects, policy=policy)
    request = WaveformRequest(job=pinned.job, source=pinned.source, retries=retries)
    outcome = draw_waveform(request, objects=objects, policy=policy)
    assert outcome.status == "SUCCESS"
    return msgspec.to_builtins(outcome.result), objects


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


@pytest.mark.parametrize(
    ("method", "missing"), [("add", ["mp3", "opus"]), ("finish", ["mp3", "opus"])]
)
def test_an_encoder_that_fails_costs_its_preview_alone(monkeypatch, method, missing):
    """A musician sees the waveform, whatever happens to the small files."""

    def fail(*_):
        raise RuntimeError("no encoder")

    monkeypatch.setattr(PreviewEncoder, method, fail)

    result, objects = draw(**EVERYTHING)

    assert result["previews"] == dict.fromkeys(missing)
    assert result["warnings"] == ["PREVIEW_FAILED"]
    assert len(result["zoom_levels"]) == 2
    assert not [key for key in objects.live() if key.startswith("previews/")]


@pytest.mark.parametrize(
    ("refused", "member", "code"),
    [
        ("previews/", "previews", "PREVIEW_FAILED"),
        (ZOOM, "zoom_levels", "ZOOM_FAILED"),
    ],
)
def test_storage_that_fails_is_tried_again_and_then_done_without(
    monkeypatch, refused, member, code
):
    """A stem must not fail for a preview, nor lose its preview to one bad minute."""
    monkeypatch.setattr(Failing, "refused", refused)
    for retries in range(3):
        with pytest.raises(StorageUnavailableError):
            draw(Failing(), retries=retries, **EVERYTHING)

    result, objects = draw(Failing(), retries=3, **EVERYTHING)

    assert result[member] in (None, {"mp3": None, "opus": None})
    assert result["warnings"] == [code]
    assert DOCUMENT in objects.live()


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


@pytest.mark.parametrize("levels", [(64, 96), (128, 64), (64, 64)])
def test_levels_of_a_stack_that_do_not_fold_are_not_drawn(levels):
    """A file that says 96 and holds points of 64 frames would draw a wrong time."""
    result, objects = draw(policy=structs.replace(POLICY, zoom_levels=levels))

    assert (result["zoom_levels"], result["warnings"]) == (None, ["ZOOM_FAILED"])
    assert sorted(objects.live()) == [KEY, DOCUMENT]
