"""Handlers of the functions, loaded as on Lambda, and an event for each stage."""

import hashlib
import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from support.records import START, record
from support.simulation.traffic import tiny_wav

ROOT = Path(__file__).parents[2]
BODY = tiny_wav(1)
KEY, OLDER = "audio/new.wav", "audio/old.wav"
MESSAGE = {
    "task": "process_duplicate_file",
    "userId": "ann",
    "trackId": "t",
    "stemId": "new",
    "filepath": KEY,
    "audio_hash": hashlib.sha256(BODY).hexdigest(),
    "timestamp": "2026-01-01T00:00:00Z",
    "duplicate_of": {"stemId": "old", "filepath": OLDER},
}
MIX = {"stageId": "s", "stem_paths": [KEY, OLDER], "timestamp": "2026-01-01T00:00:00Z"}
COMPARED = {
    "task": "compare_mixes",
    "stageId": "s",
    "timestamp": "2026-01-01T00:00:00Z",
    "pairs": [{"before": OLDER, "after": KEY}, {"before": None, "after": OLDER}],
}
EVERYTHING = {
    "waveform": {"zoom_levels": [64, 128]},
    "audio_id": True,
    "previews": ["mp3", "opus"],
}
SUM = {
    "mix": {"format": "flac24", "loudness": {"integrated": -20}},
    "stems": [{"path": OLDER, "gain_db": -3, "pan": 0.5, "offset_ms": 1}],
}
UPLOAD = {
    **{name: MESSAGE[name] for name in MESSAGE if "duplicate" not in name},
    "task": "generate_hash_and_webhook",
    "original_filename": "x.wav",
    **EVERYTHING,
}
ENTRY = {"start": START, "name": "run-1"}


def load(stage):
    """Return the handler of a stage, bound to a Lambda context."""
    path = ROOT / "functions" / stage / "app.py"
    spec = importlib.util.spec_from_file_location(f"crash_{stage}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = SimpleNamespace(
        function_name=stage,
        memory_limit_in_mb=1024,
        invoked_function_arn="arn",
        aws_request_id="1",
    )
    return lambda event: module.lambda_handler(event, context)


def prepare(aws):
    """Store an older stem and its newer copy on an emptied server."""
    aws.forget()
    for key in (OLDER, KEY):
        aws.bucket.put(key, BODY, checksummed=False)
    older = aws.bucket.versions[OLDER][0]
    aws.bucket.versions[OLDER][0] = replace(older, written=1_767_225_000)
    newer = aws.bucket.versions[KEY][0]
    aws.bucket.versions[KEY][0] = replace(newer, written=1_767_225_600)


def events(aws):
    """Return one event for each stage and kind of webhook."""
    prepare(aws)
    hashed = load("hash")({"record": record(MESSAGE), **ENTRY})
    job, source = hashed["job"], hashed["source"]
    known = {"job": job, "source": source}
    asking = load("hash")({"record": record(UPLOAD), **ENTRY})
    asking = {"job": asking["job"], "source": asking["source"]}
    outcome = {"status": "SUCCESS", "processing_time": 0.1, "result": {"x": 1}}
    question = {"task_token": "token", "execution_arn": "arn"}
    return {
        "hash": ("hash", {"record": record(MESSAGE), **ENTRY}),
        "dedupe_delete": (
            "dedupe_delete",
            {**known, "duplicate_of": MESSAGE["duplicate_of"]},
        ),
        "waveform": ("waveform", known),
        "waveform with all": ("waveform", asking),
        "music": ("music", known),
        "mix": ("mix", {"record": record(MIX), **ENTRY}),
        "mix with all": ("mix", {"record": record({**MIX, **EVERYTHING}), **ENTRY}),
        "sum with all": (
            "mix",
            {"record": record({**MIX, **SUM, **EVERYTHING}), **ENTRY},
        ),
        "compare": ("compare", {"record": record(COMPARED), **ENTRY}),
        "ask": ("notify", {"event": "hash-check", **known, **question}),
        "known": (
            "notify",
            {"event": "hash-check", **known, **question, "verdict": {"verdict": "new"}},
        ),
        "tell": ("notify", {"event": "outcome", "job": job, "outcome": outcome}),
        "tell failure": (
            "notify",
            {
                "event": "failure",
                "record": record(MESSAGE),
                **ENTRY,
                "stage": "hash",
                "error": {"Error": "EmptyAudioError", "Cause": "{}"},
            },
        ),
    }
