"""Make one schedule of mixes of several requests under one stage and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from waveflow import errors
from waveflow.events.flow import MixRequest, mixed_key, mixed_waveform_key
from waveflow.events.normalise import read_job
from waveflow.ports import Policy
from waveflow.stages.mix import mix_stems

from support.interleaving import STEMS, Actor, KilledError, World, key_of
from support.records import mix_request
from support.simulation.bucket import Version
from support.simulation.mixes import REQUEST, request_of

REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {"mix": {}},
    {"mix": {"format": "flac16", "channels": 1}},
    {"mix": {"format": "flac24"}},
    {"stems": [{"path": key_of("a"), "mute": True}]},
)
TRIES = 4  # of one execution, after a kill or while a key is in motion
CALLS = 30  # S3 calls among which a kill falls
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


@dataclass
class Mixes(World):
    """Bucket in which no mix may be replaced by another request's."""

    def put(
        self, key: str, body: bytes, metadata: Mapping[str, str] | None = None
    ) -> Version:
        """Write an object, and hold the objects before it to the promise."""
        own = (metadata or {}).get(REQUEST)
        others = {v.metadata.get(REQUEST) for v in self.bucket.versions.get(key, [])}
        if others - {own, None}:
            self.broken.append(f"{key} of another mix was replaced")
        return super().put(key, body, metadata)


class MixSchedule:
    """World, executions, and the order in which the executions' calls happen."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - the point is that it repeats
        self._world = Mixes()
        self._actors: list[Actor] = []
        self._done: set[str] = set()

    def run(self) -> list[str]:
        """Run everything to its end, and return the promises that broke."""
        chosen = self._random.sample(REQUESTS, self._random.choice([2, 2, 3]))
        requests = [
            mix_request(stem_paths=list(map(key_of, STEMS)), **c) for c in chosen
        ]
        if self._random.random() < 0.2:
            self._world.put(_keys()[0], b"of an older release")
        for request in requests:
            for _ in range(self._random.choice([1, 1, 2])):
                self._add(request, kill=self._random.random() < 0.5)
        self._let_all_end()
        for request in requests:
            self._add(request, kill=False)
            self._let_all_end()
        self._check_end()
        errors_seen = [actor.error for actor in self._actors if actor.error]
        return [*self._world.broken, *map(repr, errors_seen)]

    def _add(self, request: MixRequest, *, kill: bool) -> None:
        at = self._random.randrange(1, CALLS) if kill else -1
        actor = Actor(lambda actor: self._execute(actor, request), kill_at=at)
        self._actors.append(actor)

    def _let_all_end(self) -> None:
        while living := [actor for actor in self._actors if not actor.over]:
            self._random.choice(living).step()

    def _execute(self, actor: Actor, request: MixRequest) -> None:
        """Run one execution as the machine does, and hold its end to the bucket."""
        objects, asked = self._world.objects(actor), request_of(request.record)
        for _ in range(TRIES):
            try:
                result = mix_stems(request, objects=objects, policy=POLICY)
            except (KilledError, errors.StorageUnavailableError):
                continue
            except errors.InvalidMessageError:
                self._refused(asked)
                return
            self._done.add(asked)
            told = result.outcome.result
            for key in (told.mixed_file_path, told.waveform_data_path):
                if self._whose(key) != asked:
                    self._world.broken.append(f"{key} is told, and another's mix")
            return

    def _refused(self, asked: str) -> None:
        """Hold a refusal to the bucket: the request has no whole mix there."""
        if self._whose(_keys()[-1]) == asked or asked in self._done:
            self._world.broken.append("a mix was refused for its own objects")

    def _check_end(self) -> None:
        if len(self._done) != 1:
            self._world.broken.append(f"{len(self._done)} requests have a mix")

    def _whose(self, key: str) -> str | None:
        version = self._world.bucket.current(key)
        return version.metadata.get(REQUEST) if version else None


def _keys() -> list[str]:
    """Return the keys of the mixes: audio, and the document at last."""
    job = read_job(mix_request())
    return [mixed_key(job, "wav"), mixed_key(job, "flac"), mixed_waveform_key(job)]
