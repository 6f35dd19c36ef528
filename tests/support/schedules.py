"""Make one schedule of executions, late twins, kills, a user and an operator."""

import json
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

from waveflow import errors
from waveflow.events.flow import DedupeDeleteRequest, HashResult, WaveformRequest
from waveflow.events.webhooks import Dedupe
from waveflow.ports import Policy
from waveflow.stages import dedupe_delete, waveform
from waveflow.stages.hash import hash_object
from waveflow_local.ops.undo import restore
from waveflow_local.paths import LocalError

from support.interleaving import (
    OTHER,
    STEMS,
    Actor,
    Client,
    KilledError,
    World,
    holds,
    key_of,
)
from support.records import hash_request

RETRIES = 3  # tries of one stage, after a kill or a fault that may pass
CALLS = 45  # S3 calls among which a kill falls
SETTLING = 4  # redeliveries at the end, until nothing is to be done any more
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Schedule:
    """World, actors, and the order in which the actors' calls happen."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the point is that it repeats
        self.world = World()
        self.actors: list[Actor] = []

    def run(self) -> list[str]:
        """Run everything to its end, and return the promises that broke."""
        older = self.random.choice(["a", "b"])
        for stem, survivor in (("a", None), ("b", "a"), ("c", older)):
            for _ in range(self.random.choice([1, 1, 2])):
                self._add(lambda actor, s=stem, o=survivor: self._execute(actor, s, o))
        if self.random.random() < 0.7:
            self._add(self._user)
        if self.random.random() < 0.3:
            self._add(lambda actor: self._operate(actor, self.random.choice("bc")))
        self._let_all_end()
        for _ in range(SETTLING):
            for stem, survivor in (("a", None), ("b", "a"), ("c", older)):
                if self._is_open(stem):
                    self._add(
                        lambda actor, s=stem, o=survivor: self._execute(actor, s, o),
                        kill=False,
                    )
                    self._let_all_end()
        self._check_end()
        errors_seen = [actor.error for actor in self.actors if actor.error is not None]
        return [*self.world.broken, *map(repr, errors_seen)]

    def _add(self, work: Callable[[Actor], None], *, kill: bool = True) -> None:
        dies = kill and self.random.random() < 0.5
        at = self.random.randrange(1, CALLS) if dies else -1
        self.actors.append(Actor(work, kill_at=at))

    def _let_all_end(self) -> None:
        while living := [actor for actor in self.actors if not actor.over]:
            self.random.choice(living).step()

    def _user(self, actor: Actor) -> None:
        """Delete or replace one or two copies, at some moment."""
        for _ in range(self.random.choice([1, 1, 2])):
            for _ in range(self.random.randrange(40)):
                actor.point()
            key = key_of(self.random.choice(STEMS))
            self.world.now += 1
            if self.random.random() < 0.5:
                self.world.put(key, OTHER)
            elif holds(self.world.bucket, key):
                self.world.hide(key, ours=False)

    def _operate(self, actor: Actor, stem: str) -> None:
        """Run `ops restore`, and hold its words to the bucket."""
        for _ in range(self.random.randrange(60)):
            actor.point()
        parts = SimpleNamespace(bucket="bucket")
        stack: Any = SimpleNamespace(s3=Client(self.world, actor), parts=parts)
        began = self.world.now
        try:
            every = restore(stack, stem, dry_run=False)
        except (LocalError, errors.WaveflowError):
            return
        for said in every:
            lived = holds(self.world.bucket, said.key)
            lived = lived or self.world.alive.get(said.key, 0) > began
            if said.outcome == "restored" and not lived:
                self.world.broken.append(f"{said.key} is called restored, and is not")

    def _execute(self, actor: Actor, stem: str, survivor: str | None) -> None:
        """Run one execution as the machine does, and tell how it ended."""
        objects = self.world.objects(actor)
        asked = hash_request(stemId=stem, filepath=key_of(stem))
        try:
            hashed = self._try(
                lambda: hash_object(asked, objects=objects, policy=POLICY), actor
            )
            status, refused = self._settle(actor, hashed, survivor)
        except errors.WaveflowError as exc:
            status, refused = "FAILURE", exc.code
        self._tell(stem, status, refused)

    def _settle(
        self, actor: Actor, hashed: HashResult, survivor: str | None
    ) -> tuple[str, str]:
        objects = self.world.objects(actor)
        known: dict[str, Any] = {"job": hashed.job, "source": hashed.source}
        dedupe = None
        if hashed.verdict is not None:
            survivor = survivor or "a"
        if survivor is not None and survivor != hashed.job.stem.stem_id:
            claim = {"stemId": survivor, "filepath": key_of(survivor)}
            request = DedupeDeleteRequest(**known, duplicate_of=claim)
            if self.random.random() < 0.3:
                self._add(lambda twin: self._beside(twin, request), kill=False)
            try:
                self._try(lambda: _delete(request, objects), actor)
            except errors.DedupeRefusedError as exc:
                dedupe = Dedupe(**json.loads(str(exc)))
            else:
                return "DUPLICATE", ""
        drawing = WaveformRequest(**known, dedupe=dedupe)
        drawn: Any = self._try(
            lambda: waveform.draw_waveform(drawing, objects=objects, policy=POLICY),
            actor,
        )
        if drawn.status == "DUPLICATE":
            return "DUPLICATE", ""
        refused = getattr(drawn.result.dedupe, "refused", "")
        return "SUCCESS", str(refused)

    def _beside(self, twin: Actor, request: DedupeDeleteRequest) -> None:
        """Run an invocation that the machine gave up: nobody hears how it ends."""
        try:
            _delete(request, self.world.objects(twin))
        except errors.WaveflowError:
            return

    def _try(self, stage: Callable[[], Any], actor: Actor) -> Any:
        for _ in range(RETRIES):
            try:
                return stage()
            except KilledError:
                continue
            except errors.StorageUnavailableError:
                for _ in range(15):
                    actor.point()
        return stage()

    def _tell(self, stem: str, status: str, refused: str) -> None:
        """Take a webhook as the server does, and hold it to what was told before."""
        told = self.world.told[stem]
        finals = [each for each in told if each[0] != "FAILURE"]
        if finals and status != "FAILURE":
            before = finals[-1][0]
            ended = before == "DUPLICATE" and refused == "RESTORED"
            if status != before and not ended:
                self.world.broken.append(f"{stem}: {status} {refused} after {before}")
        told.append((status, refused))

    def _is_open(self, stem: str) -> bool:
        """Tell whether an operator would redrive the stem: nothing final is told."""
        return not [each for each in self.world.told[stem] if each[0] != "FAILURE"]

    def _check_end(self) -> None:
        for stem in STEMS:
            key, told = key_of(stem), self.world.told[stem]
            finals = [status for status, _ in told if status != "FAILURE"]
            hidden = key in self.world.ours and self.world.bucket.hidden(key)
            if hidden and finals[-1:] != ["DUPLICATE"]:
                self.world.broken.append(f"{stem} is deleted, and told as {told}")
        left = any(holds(self.world.bucket, key_of(stem)) for stem in STEMS)
        last = max(self.world.alive.values(), default=0)
        if not left and last in self.world.ours.values():
            self.world.broken.append("the last copy was deleted by WaveFlow")


def _delete(request: DedupeDeleteRequest, objects: Any) -> Any:
    return dedupe_delete.delete_duplicate(request, objects=objects, policy=POLICY)
