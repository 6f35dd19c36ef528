"""Put audio into the local S3, and write the event that a stage would get."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from waveflow_local.engine.clients import Clients
from waveflow_local.engine.template import local_name
from waveflow_local.paths import LocalError

Event = dict[str, object]
FOLDER = "audio/invoke"
_FIRST = "original"  # the older stem, which survives a duplicate


class Events:
    """Write the events of all stages about one audio file in the local S3."""

    def __init__(self, clients: Clients, file: Path) -> None:
        self._clients = clients
        self._content = file.read_bytes()
        self._name = file.name
        self._now = datetime.now(UTC)

    def event(self, stage: str) -> Event:
        """Upload the file, and return the event of a stage about the upload."""
        makers = {
            "hash": self._hash,
            "dedupe_delete": self._dedupe_delete,
            "waveform": self._pinned,
            "music": self._pinned,
            "mix": self._mix,
            "compare": self._compare,
            "notify": self._notify,
        }
        return makers[stage]()

    def _hash(self) -> Event:
        key = self._put("sample")
        return self._entry(
            {
                "task": "generate_hash_and_webhook",
                "userId": "user123",
                "trackId": "track456",
                "stemId": "stem789",
                "filepath": key,
                "original_filename": self._name,
            }
        )

    def _pinned(self) -> Event:
        """Return job and pinned object as the stage hash returns both."""
        url = f"{self._clients.endpoint}/2015-03-31/functions/HashFunction/invocations"
        body = json.dumps(self._hash()).encode()
        request = Request(url, data=body, method="POST")  # noqa: S310 - the local engine
        with build_opener(ProxyHandler({})).open(request) as response:
            hashed = json.loads(response.read())
        if "job" not in hashed:
            said = hashed.get("errorMessage", hashed)
            raise LocalError(f"The stage hash pins no object of {self._name}: {said}")
        return {name: hashed[name] for name in ("job", "source")}

    def _dedupe_delete(self) -> Event:
        survivor = self._put(_FIRST)
        time.sleep(1)  # S3 counts whole seconds, and a survivor must be older
        claim = {"stemId": "stem001", "filepath": survivor}
        return self._pinned() | {"duplicate_of": claim}

    def _mix(self) -> Event:
        keys = [self._put(name) for name in (_FIRST, "sample")]
        body = {"task": "mix_stems_and_upload", "stageId": "stage123"}
        return self._entry(body | {"stem_paths": keys})

    def _compare(self) -> Event:
        before, after = (self._put(name) for name in (_FIRST, "sample"))
        body = {"task": "compare_mixes", "stageId": "stage123"}
        return self._entry(body | {"pairs": [{"before": before, "after": after}]})

    def _notify(self) -> Event:
        pinned = self._pinned()
        outcome = {
            "status": "SUCCESS",
            "result": {"waveform_data_path": "waveforms/stem789_waveform_1.json"},
            "processing_time": 0.1,
        }
        return {"event": "outcome", "job": pinned["job"], "outcome": outcome}

    def _entry(self, body: Event) -> Event:
        start = self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {
            "messageId": "11111111-2222-3333-4444-555555555555",
            "sentTimestamp": str(int(self._now.timestamp() * 1000)),
            "body": body | {"timestamp": start},
        }
        return {"record": record, "start": start, "name": "invoke"}

    def _put(self, name: str) -> str:
        key = f"{FOLDER}/{name}/{self._name}"
        self._clients.s3.put_object(
            Bucket=local_name("Bucket"), Key=key, Body=self._content
        )
        return key
