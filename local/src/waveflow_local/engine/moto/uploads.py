"""Refuse parts of an upload that is over by S3's code; moto fails with a KeyError."""

import functools
from typing import Any

from moto.s3.exceptions import NoSuchUpload
from moto.s3.models import S3Backend

from waveflow_local.engine.moto.patching import internal, replace


def apply() -> None:
    """Let the calls that name a multipart upload refuse an unknown name."""
    for name in ("upload_part", "upload_part_copy", "complete_multipart_upload"):
        original = internal(S3Backend, name)
        if not hasattr(original, "__wrapped__"):
            replace(S3Backend, name, _refusing(original))


def _refusing(original: Any) -> Any:
    """Return a call of moto that looks for its upload first."""

    @functools.wraps(original)
    def call(
        self: Any, bucket_name: str, multipart_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(multipart_id)
        return original(self, bucket_name, multipart_id, *args, **kwargs)

    return call
