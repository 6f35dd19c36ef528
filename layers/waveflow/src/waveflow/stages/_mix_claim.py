"""Keep the mix of one request apart from other requests of its stage and time."""

import hashlib
from collections.abc import Mapping

from waveflow.errors import InvalidMessageError
from waveflow.events.flow import MixRequest, mixed_key, mixed_waveform_key
from waveflow.events.messages import Job
from waveflow.events.mix_options import MIX_SUFFIXES
from waveflow.events.normalise import mix_request_of
from waveflow.ports import ObjectStore, StoredObject

REQUEST = "waveflow-request"  # metadata of audio and document


class MixClaim:
    """Hold the hash of what a message asks for, which its mix carries as metadata.

    Objects of older releases have no such metadata, and are nobody's.
    """

    def __init__(self, request: MixRequest) -> None:
        import rfc8785

        asked = rfc8785.dumps(mix_request_of(request))
        self._hash = hashlib.sha256(asked).hexdigest()

    @property
    def metadata(self) -> Mapping[str, str]:
        """Return the metadata of the mix's objects."""
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

        Two formats have two keys of audio, so that two requests at once may both have
        written theirs. Then the document decides, and neither's audio is in the way.
        """
        audio = [objects.find(mixed_key(job, suffix)) for suffix in MIX_SUFFIXES]
        document = objects.find(mixed_waveform_key(job))
        found = [stored for stored in (*audio, document) if stored is not None]
        if any(stored.metadata.get(REQUEST) == self._hash for stored in found):
            found = [document] if document is not None else []
        for stored in found:
            self.check(stored)
