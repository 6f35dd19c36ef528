"""Refuse a job whose stage and time belong to the job of another request."""

import hashlib
from collections.abc import Mapping

from waveflow.errors import InvalidMessageError
from waveflow.events.fields import JsonObject
from waveflow.ports import StoredObject

REQUEST = "waveflow-request"  # name of the metadata of a job's objects


class Claim:
    """Compare requests by a hash, which all objects of a job carry as metadata.

    Objects of older releases carry no hash; any request may replace these objects.
    """

    def __init__(self, asked: JsonObject, *, thing: str) -> None:
        import rfc8785

        self._hash = hashlib.sha256(rfc8785.dumps(asked)).hexdigest()
        self._thing = thing

    @property
    def metadata(self) -> Mapping[str, str]:
        """Return the metadata for the objects of this request's job."""
        return {REQUEST: self._hash}

    def made(self, stored: StoredObject) -> bool:
        """Tell whether this request's job made an object."""
        return stored.metadata.get(REQUEST) == self._hash

    def check(self, stored: StoredObject) -> None:
        """Raise `InvalidMessageError` for an object of another request."""
        if stored.metadata.get(REQUEST, self._hash) != self._hash:
            raise InvalidMessageError(
                f"Another {self._thing} was made for this stage and timestamp; "
                f"another {self._thing} needs another timestamp."
            )
