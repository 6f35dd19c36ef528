"""Refuse a mix whose stage and time belong to the mix of another request."""

import hashlib
from collections.abc import Mapping

from waveflow.errors import InvalidMessageError
from waveflow.events.flow import MixRequest, mixed_key, mixed_waveform_key
from waveflow.events.messages import Job
from waveflow.events.mix_options import MIX_SUFFIXES
from waveflow.events.normalise import mix_request_of
from waveflow.ports import ObjectStore, StoredObject

REQUEST = "waveflow-request"  # name of the metadata of audio and document


class MixClaim:
    """Compare requests by a hash, which all objects of a mix carry as metadata.

    Objects of older releases carry no hash; any request may replace these objects.
    """

    def __init__(self, request: MixRequest) -> None:
        import rfc8785

        asked = rfc8785.dumps(mix_request_of(request))
        self._hash = hashlib.sha256(asked).hexdigest()

    @property
    def metadata(self) -> Mapping[str, str]:
        """Return the metadata for the objects of this request's mix."""
        return {REQUEST: self._hash}

    def check(self, stored: StoredObject) -> None:
        """Raise `InvalidMessageError` for an object of another request."""
        if stored.metadata.get(REQUEST, self._hash) != self._hash:
            raise InvalidMessageError(
                "Another mix was made for this stage and timestamp; "
                "another mix needs another timestamp."
            )

    def check_all(self, job: Job, *, objects: ObjectStore) -> None:
        """Check the objects under every key that a mix of this job may have.

        Two requests at one time, of WAV and of FLAC, may both have written audio. The
        document, which both have under one key, then tells whose mix counts.
        """
        audio = [objects.find(mixed_key(job, suffix)) for suffix in MIX_SUFFIXES]
        document = objects.find(mixed_waveform_key(job))
        found = [stored for stored in (*audio, document) if stored is not None]
        if any(stored.metadata.get(REQUEST) == self._hash for stored in found):
            found = [document] if document is not None else []
        for stored in found:
            self.check(stored)
