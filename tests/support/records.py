"""Records and requests as the pipe and the machine make them."""

from typing import Any

from waveflow.events.flow import CompareRequest, HashRequest, MixRequest

START = "2026-11-21T09:00:00.000Z"
SENT = 1763715600123
UPLOAD = {
    "userId": "user123",
    "trackId": "track456",
    "stemId": "stem789",
    "filepath": "audio/sample.wav",
    "timestamp": "2024-01-01T10:00:00Z",
    "original_filename": "sample.wav",
}
TS = 1704103200000  # UPLOAD's timestamp in milliseconds


def record(body: Any) -> dict[str, Any]:
    """Return the record that the pipe's input template makes of a message."""
    return {"messageId": "message-1", "sentTimestamp": str(SENT), "body": body}


def hash_request(**fields: Any) -> HashRequest:
    """Return a hash request of an upload message with some fields replaced."""
    return HashRequest(record=record({**UPLOAD, **fields}), start=START, name="run-1")


def mix_request(**fields: Any) -> MixRequest:
    """Return a mix request with some fields replaced."""
    body = {"stageId": "stage1", "stem_paths": ["audio/a.wav"], **fields}
    return MixRequest(record=record(body), start=START, name="run-1")


def compare_request(**fields: Any) -> CompareRequest:
    """Return a comparison request with some fields replaced."""
    pairs = [{"before": "audio/a.wav", "after": "audio/b.wav"}]
    body = {"task": "compare_mixes", "stageId": "stage1", "pairs": pairs, **fields}
    return CompareRequest(record=record(body), start=START, name="run-1")
