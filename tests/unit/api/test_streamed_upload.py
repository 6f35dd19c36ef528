"""Uploads that stream into S3: parts of a refused file never stay in the bucket."""

import asyncio

import pytest
from waveflow.api.interfaces import Part
from waveflow.api.jobs.upload import PART_BYTES, StreamedUpload
from waveflow.errors import FileTooLargeError


class Store:
    """Bucket that keeps the open multipart uploads alone."""

    def __init__(self):
        self.open = set()

    def begin(self, key):
        """Open a multipart upload, and return the upload's id."""
        self.open.add(key)
        return "upload"

    def add(self, _key, _upload, *, number, body):
        """Return the part that S3 would hold."""
        return Part(number=number, etag="etag", size=len(body))

    def abort(self, key, _upload):
        """Remove the parts of an upload."""
        self.open.remove(key)

    def finish(self, key, _upload, _parts):
        """Join the parts of an upload."""
        self.open.remove(key)


async def send(store, *, size, limit):
    """Stream zeros into the store, in chunks of a megabyte."""

    async def chunks():
        for _ in range(size >> 20):
            yield bytes(1 << 20)

    async with StreamedUpload("audio/x", store=store, max_bytes=limit) as upload:
        await upload.take(chunks())
        begun = bool(store.open)
        upload.keep()
    return begun


def test_a_refused_file_leaves_no_parts():
    """Parts that nobody removes are paid for, and no listing shows them."""
    store, limit = Store(), PART_BYTES + (2 << 20)

    with pytest.raises(FileTooLargeError):
        asyncio.run(send(store, size=2 * PART_BYTES, limit=limit))

    assert not store.open


def test_a_file_within_the_limit_is_joined():
    """A file of the allowed size must arrive whole, also in several parts."""
    store = Store()

    assert asyncio.run(send(store, size=2 * PART_BYTES, limit=2 * PART_BYTES))
    assert not store.open
