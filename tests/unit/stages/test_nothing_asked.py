"""Jobs that ask for nothing optional: whole webhooks, objects and calls, as before.

The values were taken from the release before options came, and must stay theirs.
"""

import hashlib
from typing import Any

import msgspec
import pytest
from support.memory import MemoryObjects
from support.optional import DOCUMENT, HASH, KEY, POLICY
from support.records import SENT, hash_request, mix_request
from support.simulation.traffic import tiny_wav
from waveflow.events.deliveries import delivery_of_outcome
from waveflow.events.flow import Outcome, WaveformRequest
from waveflow.stages.hash import hash_object
from waveflow.stages.mix import mix_stems
from waveflow.stages.waveform import draw_waveform

OTHER = "audio/b.wav"
MIXED = f"mixed/stage1_mixed_{SENT}.wav"
MIXED_DOCUMENT = f"waveforms/stage1_mixed_waveform_{SENT}.json"
TS = 1704103200000
JOB = {
    "job_id": f"generate_hash_and_webhook-stem789-{TS}",
    "ts": TS,
    "message": {
        "task": "generate_hash_and_webhook",
        "userId": "user123",
        "trackId": "track456",
        "stemId": "stem789",
        "filepath": KEY,
        "timestamp": "2024-01-01T10:00:00Z",
        "original_filename": "sample.wav",
    },
    "extra": {"roomId": 7},
}
COMPLETION = {
    "roomId": 7,
    "stemId": "stem789",
    "status": "SUCCESS",
    "task_id": f"generate_hash_and_webhook-stem789-{TS}",
    "result": {
        "audio_data_hash": HASH,
        "waveform_data_path": DOCUMENT,
        "file_size": 124,
        "duration": 0.005,
        "sample_rate": 8000,
        "num_peaks": 1024,
        "channels": 1,
        "format": "wav",
        "peak": 0.673859,
        "warnings": [],
    },
    "timestamp": "2024-01-01T10:00:00Z",
    "userId": "user123",
    "trackId": "track456",
    "upstreamId": None,
    "original_filename": "sample.wav",
    "processing_time": 0.0,
    "audio_wave_path": DOCUMENT,
}
MIXING_COMPLETE = {
    "stageId": "stage1",
    "status": "SUCCESS",
    "task_id": f"mix_stems_and_upload-stage1-{SENT}",
    "mixed_file_path": MIXED,
    "waveform_data_path": MIXED_DOCUMENT,
    "upstreamId": None,
    "stem_count": 2,
    "stem_paths": [KEY, OTHER],
    "timestamp": "2025-11-21T09:00:00.123Z",
    "processing_time": 0.0,
    "duration": 0.005,
    "sample_rate": 8000,
    "channels": 1,
    "warnings": [],
}
BODIES = {
    KEY: HASH,
    OTHER: "592d32fc2cf209b6b98da4829d26046041ccf0d4bcb0a5833504a5ec3a07f3d7",
    DOCUMENT: "de8b6dcd6a97b3137643f2c2ba518076251b94330224681b6d90350270aeef02",
    MIXED: "1715d2ef69ba49d99e326020403e4191821d88a80e20ca808dff34d25b038cc9",
    MIXED_DOCUMENT: "441756ce5525a504d3a2b0857e4d1877b8995e66e61c67648b60ed0b20a00115",
}
# A mix looks whether its objects are another request's, at first and at last.
CLAIM = [
    ("find", key) for key in (MIXED, MIXED.replace(".wav", ".flac"), MIXED_DOCUMENT)
]
CALLS = [
    *(("find", KEY), ("read", KEY), ("read", KEY), ("find", DOCUMENT)),
    *(("publish_over", DOCUMENT), ("find", f"dedupe/stem789_{TS}.json")),
    *(("find", KEY), *CLAIM, ("find", KEY), ("find", OTHER)),
    *(("read", KEY), ("read", OTHER), *CLAIM),
    *(("publish", MIXED), ("publish", MIXED_DOCUMENT)),
]
# A message that turns off what the stack does not ask for asks for nothing either.
NOTHING: dict[str, dict[str, Any]] = {
    "absent": {},
    "null": {"waveform": None, "previews": None, "audio_id": None},
    "turned off": {"waveform": {"zoom_levels": []}, "previews": [], "audio_id": False},
    "empty": {"waveform": {"split_channels": True}},
}


def run(**asked):
    """Draw a stem and mix two; return the bucket, the stem's job and both webhooks."""
    objects = MemoryObjects()
    for number, key in enumerate((KEY, OTHER), start=1):
        objects.put(key, tiny_wav(number))
    pinned = hash_object(
        hash_request(roomId=7, **asked), objects=objects, policy=POLICY
    )
    drawn = draw_waveform(
        WaveformRequest(job=pinned.job, source=pinned.source),
        objects=objects,
        policy=POLICY,
    )
    mixed = mix_stems(
        mix_request(stem_paths=[KEY, OTHER], **asked), objects=objects, policy=POLICY
    )
    told = [
        delivery_of_outcome(job, msgspec.convert(plain, Outcome[dict]))
        for job, outcome in ((pinned.job, drawn), (mixed.job, mixed.outcome))
        for plain in [msgspec.to_builtins(outcome) | {"processing_time": 0.0}]
    ]
    return objects, msgspec.to_builtins(pinned.job), told


@pytest.mark.parametrize("asked", NOTHING.values(), ids=NOTHING)
def test_nothing_asked_changes_no_byte_and_no_webhook(asked):
    """A server of the release before must see no new field, key, byte or request."""
    objects, _, told = run(**asked)

    assert [delivery.payload for delivery in told] == [COMPLETION, MIXING_COMPLETE]
    assert [delivery.webhook_id for delivery in told] == [
        "msg_7749796b7cdd429ecdb7b3508fa8c513",
        "msg_d10a5c9fbde51ef96f57481917d08c61",
    ]
    bodies = objects.live().items()
    assert {key: hashlib.sha256(body).hexdigest() for key, body in bodies} == BODIES
    assert objects.calls[: len(CALLS)] == CALLS
    metadata = {key: list(objects.find(key).metadata) for key in BODIES}
    # An erasure of a stem has to find the mixes of that stem (ADR 98).
    mix = ["waveflow-request", "waveflow-stems"]
    assert metadata == {key: [] for key in BODIES} | {MIXED: mix, MIXED_DOCUMENT: mix}


def test_nothing_asked_keeps_the_machines_state():
    """An execution that a deployment overtakes is continued by the older functions."""
    _, job, _ = run()

    assert job == JOB


def test_options_leave_the_webhooks_id_alone():
    """A redelivery with other options must stay a repeat for the server."""
    *_, plain = run()
    *_, asking = run(previews=["opus"], audio_id=True)

    assert [one.webhook_id for one in asking] == [one.webhook_id for one in plain]
