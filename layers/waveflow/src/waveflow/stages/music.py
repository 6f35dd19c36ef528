"""Find the tempo and the musical key of one stem from its pinned bytes."""

import time

from waveflow.audio.listen.excerpt import read_excerpt
from waveflow.audio.listen.key import find_key
from waveflow.audio.listen.tempo import find_tempo
from waveflow.events.flow import MusicRequest, MusicResult
from waveflow.ports import ObjectStore, Policy
from waveflow.stages._fetch import fetch, workspace

READ_TIME_S = 240  # a minute less than the function's own time-out


def find_music(
    request: MusicRequest, *, objects: ObjectStore, policy: Policy
) -> MusicResult:
    """Find tempo and musical key in the first 90 s of exactly the hashed bytes."""
    started = time.monotonic()
    source = request.source
    with workspace(policy.scratch) as folder:
        path = folder / "source"
        fetch(
            source.key,
            path,
            etag=source.etag,
            audio_hash=source.audio_hash,
            objects=objects,
            size=source.size,
        )
        excerpt = read_excerpt(path, deadline=started + READ_TIME_S)
    return MusicResult(tempo=find_tempo(excerpt), key=find_key(excerpt))
