"""Refuse a mix whose stage and time belong to the mix of another request."""

from waveflow.events.flow import MixRequest, mixed_key, mixed_waveform_key
from waveflow.events.messages import Job
from waveflow.events.mix_options import MIX_SUFFIXES
from waveflow.events.normalise import mix_request_of
from waveflow.ports import ObjectStore
from waveflow.stages._claim import Claim


class MixClaim(Claim):
    """Claim the audio and the document of a mix for the request of the mix."""

    def __init__(self, request: MixRequest) -> None:
        super().__init__(mix_request_of(request), thing="mix")

    def check_all(self, job: Job, *, objects: ObjectStore) -> None:
        """Check the objects under every key that a mix of this job may have.

        Two requests at one time, of WAV and of FLAC, may both have written audio. The
        document, which both have under one key, then tells whose mix counts.
        """
        audio = [objects.find(mixed_key(job, suffix)) for suffix in MIX_SUFFIXES]
        document = objects.find(mixed_waveform_key(job))
        found = [stored for stored in (*audio, document) if stored is not None]
        if any(self.made(stored) for stored in found):
            found = [document] if document is not None else []
        for stored in found:
            self.check(stored)
