"""Optional outputs that fail: tried again, then done without, the job unharmed."""

import time
from collections import Counter
from types import SimpleNamespace

import msgspec
import pytest
from msgspec import structs
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
    Failing,
    draw,
)
from support.records import mix_request
from support.simulation.traffic import tiny_wav
from support.walker import load
from waveflow.audio.listen.guard import Budget
from waveflow.errors import (
    InternalError,
    ResourceLimitError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.stages import _optional, mix, waveform

NO_PREVIEWS = {"mp3": None, "opus": None}


@pytest.mark.parametrize(
    ("refused", "member", "missing", "code"),
    [
        ("previews/", "previews", NO_PREVIEWS, "PREVIEW_FAILED"),
        (ZOOM, "zoom_levels", None, "ZOOM_FAILED"),
    ],
)
def test_storage_that_fails_is_tried_again_and_then_done_without(
    refused, member, missing, code
):
    """A stem must not fail for a preview, nor lose its preview to one bad minute."""
    for retries in range(3):
        with pytest.raises(StorageUnavailableError):
            draw(Failing(refused), retries=retries, **EVERYTHING)

    result, objects = draw(Failing(refused), retries=3, **EVERYTHING)

    assert result[member] == missing
    assert result["warnings"] == [code]
    assert DOCUMENT in objects.live()


@pytest.mark.parametrize("state", ["Waveform", "Mix"])
def test_the_last_attempt_is_the_machines_last(state):
    """A stage that miscounts fails jobs for a preview, or gives previews up at once."""
    task = load()["States"][state]
    [rule] = [
        rule
        for rule in task["Retry"]
        if rule["ErrorEquals"] == ["StorageUnavailableError"]
    ]

    assert rule["MaxAttempts"] == _optional.STORAGE_RETRIES
    assert "State.RetryCount" in task["Arguments"]["Payload"]["retries"]


@pytest.mark.parametrize(
    "error",
    [
        InternalError("S3 answered 403 AccessDenied."),
        ResourceLimitError("Full."),
        SourceChangedError("Another one."),
        OSError("the file is gone"),
    ],
)
@pytest.mark.parametrize("refused", ["previews/", ZOOM])
def test_what_no_retry_mends_is_done_without_at_once(refused, error):
    """A role without one right must cost its output, and neither the job nor time."""
    result, objects = draw(Failing(refused, error), **EVERYTHING)

    assert (result["zoom_levels"] is None) == (refused == ZOOM)
    assert (result["previews"] == NO_PREVIEWS) == (refused == "previews/")
    assert len(result["warnings"]) == 1
    assert DOCUMENT in objects.live()


@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_a_job_whose_bytes_changed_still_fails(options):
    """Other bytes of this stem and time have a document, which no option excuses."""
    _, objects = draw()
    objects.put(KEY, tiny_wav(2))

    with pytest.raises(SourceChangedError):
        draw(objects, **options)

    assert sorted(objects.live()) == [KEY, DOCUMENT]


def test_levels_before_a_failed_level_stay_for_the_next_run():
    """A result names all levels or none, and a later run finds the first one done."""
    objects = Failing(f"{ZOOM}128")

    failed, _ = draw(objects, retries=3, **EVERYTHING)
    kept = objects.body(f"{ZOOM}64.dat")
    objects.refused = "nothing"
    result, _ = draw(objects, **EVERYTHING)

    assert failed["zoom_levels"] is None
    assert len(result["zoom_levels"]) == 2
    assert objects.body(f"{ZOOM}64.dat") == kept
    assert len(objects.versions[f"{ZOOM}64.dat"]) == 1


class Slow(MemoryObjects):
    """Bucket that takes a moment for each optional output."""

    def publish(self, key, content, **more):
        """Store an object slowly."""
        time.sleep(0.06)
        super().publish(key, content, **more)


def hurried(monkeypatch, **budget):
    """Give every drawing a small budget for what is optional, once it is decoded."""
    publish = _optional.OptionalOutputs.publish

    def after_the_decode(self, result, **more):
        for name, value in budget.items():
            setattr(self._budget, name, value)
        return publish(self, result, **more)

    monkeypatch.setattr(_optional.OptionalOutputs, "publish", after_the_decode)


def test_publishing_takes_of_the_same_time(monkeypatch):
    """A slow S3 must not hold a job up for each of five outputs in turn."""
    hurried(monkeypatch, time_s=0.05)

    result, objects = draw(Slow(), analysis=True, **EVERYTHING)

    assert result["zoom_levels"] is None
    assert result["previews"] == NO_PREVIEWS
    assert result["warnings"] == ["PREVIEW_FAILED", "ZOOM_FAILED"]
    assert f"{ZOOM}64.dat" in objects.live()
    assert result["audio_id"].startswith("pcm1:")
    assert result["analysis"]["loudness"] is not None


def test_nothing_is_published_so_late_that_the_function_dies(monkeypatch):
    """A killed function fails the job, and loses the waveform with the preview."""
    monkeypatch.setattr(waveform, "DRAW_TIME_S", 0.3)
    real = waveform.waveform_document

    def late(*args, **more):
        time.sleep(0.3)
        return real(*args, **more)

    monkeypatch.setattr(waveform, "waveform_document", late)

    result, objects = draw(**EVERYTHING)

    assert sorted(objects.live()) == [KEY, DOCUMENT]
    assert result["warnings"] == ["PREVIEW_FAILED", "ZOOM_FAILED"]
    assert result["audio_id"].startswith("pcm1:")


def mixed_with(free, monkeypatch):
    """Return the Opus preview of a mix of 40 frames, made with so much free disk."""
    objects = MemoryObjects()
    objects.put("audio/a.wav", BODY)
    disk = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(_optional, "shutil", disk)
    request = mix_request(previews=["opus"])
    told = mix.mix_stems(request, objects=objects, policy=POLICY).outcome
    return told.result.previews.opus


def test_previews_leave_the_disk_that_the_mix_needs(monkeypatch):
    """A preview that fills the disk would fail the mix, which was asked for first."""
    wav_bytes = 2 * 40
    preview = mixed_with(1 << 20, monkeypatch)

    assert mixed_with(wav_bytes + preview.bytes, monkeypatch) == preview
    assert mixed_with(wav_bytes + preview.bytes - 1, monkeypatch) is None


def test_a_message_of_other_options_disturbs_nothing():
    """A redelivery with more options must not write again what a page has loaded."""
    first = {"waveform": {"zoom_levels": [128]}, "previews": ["mp3"]}
    _, objects = draw(**first)

    both, _ = draw(objects, **EVERYTHING)
    fewer, _ = draw(objects, **first)

    assert len(both["zoom_levels"]) == 2
    assert fewer["zoom_levels"] == both["zoom_levels"][1:]
    assert fewer["previews"]["mp3"] == both["previews"]["mp3"]
    assert Counter(map(len, objects.versions.values())) == {1: 6}
    assert f"{PREVIEW}.opus" in objects.live()


def test_the_places_of_everything_fit_the_machines_state():
    """A state of the machine holds 262,144 bytes, and a mix's paths take most of it."""
    longest = "s" * 128
    options = {
        **EVERYTHING,
        "waveform": {"zoom_levels": [64, 128, 256], "split_channels": True},
    }
    bare, _ = draw(stemId=longest)
    full, _ = draw(stemId=longest, **options)

    places = len(msgspec.json.encode(full)) - len(msgspec.json.encode(bare))
    assert places < 2_048


def test_a_stem_whose_deletion_was_refused_has_all_of_them():
    """A duplicate that stays is played and zoomed like any other stem."""
    result, _ = draw(dedupe=waveform.Dedupe(refused="ORDER"), **EVERYTHING)

    assert result["dedupe"] == {"refused": "ORDER"}
    assert result["previews"]["opus"] is not None


def test_a_refused_duplicate_message_asks_what_the_stack_asks():
    """Such a message has no options, and the operator wants them of every upload."""
    policy = structs.replace(POLICY, zoom_levels=(64,), audio_id=True)

    result, _ = draw(policy=policy, task="process_duplicate_file", audio_hash=HASH)

    assert [level["samples_per_pixel"] for level in result["zoom_levels"]] == [64]
    assert result["audio_id"].startswith("pcm1:")
    assert "previews" not in result


def test_a_used_up_budget_ends_all_that_is_optional(monkeypatch):
    """Previews and loudness together must leave time to publish the waveform."""
    monkeypatch.setattr(waveform, "Budget", lambda: Budget(time_s=0))

    result, objects = draw(analysis=True, **EVERYTHING)

    assert sorted(objects.live()) == [KEY, DOCUMENT]
    assert (result["audio_id"], result["zoom_levels"]) == (None, None)
    assert result["previews"] == NO_PREVIEWS
    codes = ["AUDIO_ID_UNKNOWN", "PREVIEW_FAILED", "ZOOM_FAILED"]
    assert result["warnings"] == codes
    assert result["analysis"]["loudness"] is None
