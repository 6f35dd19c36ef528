"""Keep in a journal what an erasure began and ended, and count from the journal."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from waveflow_local.ops.bulk.journal import Journal
from waveflow_local.ops.erasing.places import Derived, Kind
from waveflow_local.ops.erasing.survey import Plan


class State(StrEnum):
    """Name how the erasure of one line ended."""

    ERASED = "erased"
    NOTHING = "nothing there"
    PARTLY = "erased in part"
    STAYS = "stays"


DONE = frozenset({State.ERASED, State.NOTHING})


@dataclass(frozen=True)
class Ending:
    """Say how one line ended, why something stays, and which versions are left."""

    state: State
    with_mixes: bool
    why: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass
class LineAccount:
    """Hold what the journal says of one line, over all runs.

    `versions` has the marks of all versions that were to go, by kind.
    """

    stem_id: str = ""
    versions: dict[str, set[str]] = field(default_factory=dict)
    size_bytes: int = 0
    used: set[Derived] = field(default_factory=set)
    was_live: bool | None = None  # None of a line that no run has begun
    state: State | None = None
    ended_at: str = ""
    why: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)

    def take(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry of the journal about this line."""
        self.stem_id = entry["stem"]
        if "state" in entry:
            self.state, self.ended_at = State(entry["state"]), entry["at"]
            self.why, self.left = entry["why"], set(entry["left"])
            return
        self.was_live = self.was_live or entry["live"]
        for kind, mark, size in entry["versions"]:
            known = self.versions.setdefault(kind, set())
            self.size_bytes += 0 if mark in known else size
            known.add(mark)
        self.used |= {Derived(Kind(k), stage, ts) for k, stage, ts in entry["used"]}

    def counts(self) -> Counter[str]:
        """Return how many versions are gone, by kind."""
        gone = {kind: ids - self.left for kind, ids in self.versions.items()}
        found = {kind: len(gone.get(kind, ())) for kind in Kind}
        return Counter({kind.value: n for kind, n in found.items() if n})

    def __str__(self) -> str:
        """Return the line of the report: id, state, time and counts, and no name."""
        gone = ", ".join(f"{kind} {count}" for kind, count in self.counts().items())
        said = [f"{self.state or 'begun'}", self.ended_at, gone, *self.why]
        return f"{self.stem_id}: " + "; ".join(part for part in said if part)


class Ledger:
    """Write what happens to each line, and remember what is not done yet.

    `tell` gets the account of each line that is done, also of earlier runs.
    """

    def __init__(self, journal: Journal, tell: Callable[[LineAccount], None]) -> None:
        self._journal = journal
        self._tell = tell
        self._open: dict[int, LineAccount] = {}
        self._done: dict[int, bool] = {}  # whether mixes went too, by line
        self.totals: Counter[str] = Counter()
        self.size_bytes = 0
        for entry in journal.entries():
            self._take(entry)

    @property
    def done_count(self) -> int:
        """Return how many lines are done, over all runs."""
        return len(self._done)

    def is_done(self, number: int, *, with_mixes: bool) -> bool:
        """Tell whether nothing of a line is left to do."""
        return number in self._done and (self._done[number] or not with_mixes)

    def begun(self, number: int) -> LineAccount:
        """Return the account of a line with which an earlier run may have begun."""
        return self._open.get(number, LineAccount())

    def begin(self, number: int, plan: Plan) -> None:
        """Write what is to go, before anything goes."""
        versions = [
            [going.kind.value, version.mark, version.size]
            for going in plan.going
            for version in going.versions
            if not version.is_marker
        ]
        used = [[made.kind.value, made.stage_id, made.ts] for made in plan.used]
        self._append(number, plan, versions=versions, used=used, live=plan.was_live)

    def end(self, number: int, plan: Plan, ending: Ending) -> LineAccount:
        """Write how a line ended, and return the line's account."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return self._append(
            number,
            plan,
            state=ending.state.value,
            at=now,
            mixes=ending.with_mixes,
            why=ending.why,
            left=ending.left,
        )

    def _append(self, number: int, plan: Plan, **what: Any) -> LineAccount:
        entry = {"line": number, "stem": plan.stem_id, **what}
        self._journal.append(entry)
        return self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> LineAccount:
        number = entry["line"]
        account = self._open.setdefault(number, LineAccount())
        account.take(entry)
        if account.state in DONE:
            del self._open[number]
            self._done[number] = entry["mixes"]
            self.totals += account.counts()
            self.size_bytes += account.size_bytes
            self._tell(account)
        elif account.state is not None:
            self._done.pop(number, None)  # a second look found something that stays
        return account
