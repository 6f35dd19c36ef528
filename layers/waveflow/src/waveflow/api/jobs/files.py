"""Return a job's documents, and presigned URLs of a job's files."""

from collections.abc import Callable

from waveflow.api.errors import NoResultError
from waveflow.api.interfaces import Execution, UploadStore
from waveflow.api.jobs.context import JobContext, audio_key, plain_name
from waveflow.events.options import PreviewFormat
from waveflow.ports import ObjectStore

LINK_SECONDS = 600
Own = Callable[[str, str], tuple[Execution, JobContext]]  # by job id and owner


class Files:
    """Files of jobs in S3, each for the owner of its job alone."""

    def __init__(self, own: Own, *, objects: ObjectStore, uploads: UploadStore) -> None:
        self._own = own
        self._objects = objects
        self._uploads = uploads

    def document(self, job_id: str, *, owner: str) -> bytes:
        """Return a job's waveform document as stored in S3, byte for byte."""
        return self._stored(job_id, "waveform_data_path", "waveform", owner=owner)

    def comparison(self, job_id: str, *, owner: str) -> bytes:
        """Return a comparison's document as stored in S3, byte for byte."""
        return self._stored(job_id, "comparison_path", "comparison", owner=owner)

    def audio_url(self, job_id: str, *, owner: str, download: bool) -> str:
        """Return a presigned URL of the job's audio, valid for ten minutes."""
        execution, context = self._own(job_id, owner)
        key = audio_key(execution, context)
        name = (context.filename or plain_name(key or "")) if download else None
        return self._signed_url(key, "audio", filename=name)

    def zoom_url(self, job_id: str, *, owner: str, samples_per_pixel: int) -> str:
        """Return a presigned URL of one zoom level, valid for ten minutes."""
        result = self._own(job_id, owner)[0].result
        levels = result.get("zoom_levels") or []
        keys = {level["samples_per_pixel"]: level["path"] for level in levels}
        return self._signed_url(keys.get(samples_per_pixel), "such zoom level")

    def preview_url(self, job_id: str, *, owner: str, form: PreviewFormat) -> str:
        """Return a presigned URL of a preview, valid for ten minutes."""
        result = self._own(job_id, owner)[0].result
        previews = result.get("previews") or {}
        preview = previews.get(form) or {}
        return self._signed_url(preview.get("path"), "such preview")

    def _stored(self, job_id: str, member: str, thing: str, *, owner: str) -> bytes:
        """Return the document whose key a member of the job's result names."""
        key = self._own(job_id, owner)[0].result.get(member)
        body = self._objects.load(str(key)) if key else None
        if body is None:
            raise NoResultError(f"The job has no {thing}.")
        return body

    def _signed_url(
        self, key: str | None, thing: str, *, filename: str | None = None
    ) -> str:
        if key is None or self._objects.find(key) is None:
            raise NoResultError(f"The job has no {thing}, or no longer.")
        return self._uploads.sign_get(key, filename=filename, seconds=LINK_SECONDS)
