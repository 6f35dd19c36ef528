"""Jobs that ask for every optional output, and buckets that refuse some of them."""

import hashlib

import msgspec
from waveflow.errors import StorageUnavailableError
from waveflow.events.flow import WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.waveform import draw_waveform

from support.memory import MemoryObjects
from support.records import TS, UPLOAD, hash_request
from support.simulation.traffic import tiny_wav

KEY = UPLOAD["filepath"]
BODY = tiny_wav(1)
HASH = hashlib.sha256(BODY).hexdigest()
ZOOM = f"waveforms/stem789_zoom_{TS}/"
PREVIEW = f"previews/stem789_{TS}"
DOCUMENT = f"waveforms/stem789_waveform_{TS}.json"
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=1_000_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Failing(MemoryObjects):
    """Bucket that takes nothing under keys that begin with `refused`."""

    def __init__(self, refused="previews/", error=None):
        super().__init__()
        self.refused = refused
        self.error = error or StorageUnavailableError("S3 did not answer.")

    def publish_once(self, key, path, *, content_type, metadata):
        """Refuse some keys, as S3 does while its network fails."""
        if key.startswith(self.refused):
            raise self.error
        return super().publish_once(
            key, path, content_type=content_type, metadata=metadata
        )

    def publish(self, key, content, **headers):
        """Refuse some keys, as S3 does while its network fails."""
        if key.startswith(self.refused):
            raise self.error
        super().publish(key, content, **headers)


def draw(objects=None, *, policy=POLICY, retries=0, dedupe=None, **fields):
    """Draw the upload of a message; return the result and the bucket."""
    objects = MemoryObjects() if objects is None else objects
    if objects.body(KEY) is None:
        objects.put(KEY, BODY)
    pinned = hash_object(hash_request(**fields), objects=objects, policy=policy)
    request = WaveformRequest(
        job=pinned.job, source=pinned.source, retries=retries, dedupe=dedupe
    )
    outcome = draw_waveform(request, objects=objects, policy=policy)
    assert outcome.status == "SUCCESS"
    return msgspec.to_builtins(outcome.result), objects
