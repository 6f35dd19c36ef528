"""Keep in S3 what an external analysis server reports about jobs."""

import hashlib

import msgspec

from waveflow.api.interfaces import UploadStore
from waveflow.api.schemas import JsonObject
from waveflow.errors import SourceChangedError
from waveflow.ports import ObjectStore

REPORT_PREFIX = "analysis/"


class Reports:
    """Reports of an external analysis server in S3; a job's first report stays."""

    def __init__(self, uploads: UploadStore, objects: ObjectStore) -> None:
        self._uploads = uploads
        self._objects = objects

    def find(self, job_id: str) -> JsonObject | None:
        """Return a job's report, or None where no server reported."""
        body = self._objects.load(_key(job_id))
        return None if body is None else msgspec.json.decode(body)

    def keep(self, job_id: str, report: JsonObject) -> JsonObject:
        """Store an external server's report; return the job's first report."""
        first = self.find(job_id)
        if first is not None:
            return first
        body = msgspec.json.encode(report)
        try:
            self._uploads.put(
                _key(job_id),
                body,
                sha256=hashlib.sha256(body).digest(),
                content_type="application/json",
            )
        except SourceChangedError:
            # Another report was stored meanwhile, and a report is never removed.
            return self.find(job_id) or report
        return report


def _key(job_id: str) -> str:
    return f"{REPORT_PREFIX}{job_id}.json"
