"""Examples of options and results in the documents are what a run sends."""

import io
import json
import re
import wave

import msgspec
import numpy as np
import pytest
from support.memory import MemoryObjects
from support.records import UPLOAD, hash_request, mix_request
from support.stack import ROOT
from waveflow.errors import StorageUnavailableError
from waveflow.events.deliveries import delivery_of_outcome
from waveflow.events.flow import Outcome, WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.mix import mix_stems
from waveflow.stages.waveform import draw_waveform

RATE, SECONDS = 44_100, 30
EXAMPLES = dict(
    re.findall(
        r"```json ([a-z-]+)\n(.*?)```",
        (ROOT / "docs/webhooks.md").read_text("utf-8"),
        re.DOTALL,
    )
)
NAMES = ("zoom_levels", "audio_id", "previews", "warnings")
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=100 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)
OPTIONS = {
    "waveform": {"zoom_levels": [256, 1024], "split_channels": True},
    "previews": ["opus", "mp3"],
    "audio_id": True,
}
TOLERANCE = 0.05  # part of a preview's size: encoders differ by processor and version


class WithoutMp3(MemoryObjects):
    """Bucket that takes no MP3."""

    def put(self, key, *content):
        """Refuse an MP3, as S3 does while its network fails."""
        if key.endswith(".mp3"):
            raise StorageUnavailableError("S3 did not answer.")
        return super().put(key, *content)


def sawtooth(channels, *, frames=RATE * SECONDS, cut=0):
    """Return a WAV of sawtooths, made of integers alone; `cut` bytes are missing."""
    steps = np.arange(frames)[:, None] * (np.arange(channels) * 100 + 200)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((steps % 20_000 - 10_000).astype("<i2").tobytes())
    body = file.getvalue()
    return body[: len(body) - cut]


def told(outcome, job):
    """Return the payload of a job's webhook."""
    plain = msgspec.convert(msgspec.to_builtins(outcome), Outcome[dict])
    return delivery_of_outcome(job, plain).payload


def completion(body, objects=None, *, retries=0):
    """Return /completion of an upload that asks for everything."""
    objects = objects or MemoryObjects()
    objects.put(UPLOAD["filepath"], body)
    pinned = hash_object(hash_request(**OPTIONS), objects=objects, policy=POLICY)
    request = WaveformRequest(job=pinned.job, source=pinned.source, retries=retries)
    outcome = draw_waveform(request, objects=objects, policy=POLICY)
    return told(outcome, pinned.job)["result"]


def mixing():
    """Return /mixing-complete of a mix that asks for everything."""
    objects, paths = MemoryObjects(), ["audio/drums.wav", "audio/voice.wav"]
    for count, path in enumerate(paths, 1):
        objects.put(path, sawtooth(count))
    about = {"stageId": "stage1", "timestamp": UPLOAD["timestamp"]}
    request = mix_request(stem_paths=paths, **about, **OPTIONS)
    mixed = mix_stems(request, objects=objects, policy=POLICY)
    return told(mixed.outcome, mixed.job)


RUNS = {
    "outputs": lambda: completion(sawtooth(2)),
    "outputs-missing": lambda: completion(
        sawtooth(3, cut=1000), WithoutMp3(), retries=3
    ),
    "outputs-mix": mixing,
}


def without_sizes(result):
    """Return a result's outputs without the sizes of previews, and these sizes."""
    outputs = json.loads(json.dumps({name: result[name] for name in NAMES}))
    previews = outputs["previews"].items()
    sizes = {form: each.pop("bytes") for form, each in previews if each is not None}
    return outputs, sizes


@pytest.mark.parametrize("name", RUNS)
def test_an_example_of_outputs_is_what_a_run_sends(name):
    """A developer copies the example, and stores what WaveFlow really sends."""
    wanted, sizes = without_sizes(json.loads(EXAMPLES[name]))

    seen, seen_sizes = without_sizes(RUNS[name]())

    assert seen == wanted
    assert seen_sizes == pytest.approx(sizes, rel=TOLERANCE)
