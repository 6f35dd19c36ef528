"""Keep in a journal what an erasure began and ended, and count from the journal."""

from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from waveflow_local.ops.bulk.journal import Journal
from waveflow_local.ops.erasing.places import Derived, Kind
from waveflow_local.ops.erasing.survey import Plan
from waveflow_local.ops.tombstones import time_now


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

    `versions` has mark and size of all versions that were to go, by kind.
    `makes_tombstone` means that the erasure has begun, and that no erasure before had.
    """

    stem_id: str = ""
    versions: dict[str, dict[str, int]] = field(default_factory=dict)
    makes_tombstone: bool | None = None
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
            if self.state is State.STAYS:  # all is as it was before
                self.was_live, self.makes_tombstone = False, None
            return
        self.was_live = self.was_live or entry["live"]
        if self.makes_tombstone is None:
            self.makes_tombstone = entry["first"]
        for kind, mark, size in entry["versions"]:
            self.versions.setdefault(kind, {})[mark] = size
        self.used |= {Derived(Kind(k), stage, ts) for k, stage, ts in entry["used"]}

    @property
    def sizes(self) -> dict[str, int]:
        """Return the size of each version that was to go, by the version's mark."""
        return {
            mark: size for kind in self.versions.values() for mark, size in kind.items()
        }

    def leave_out(self, marks: AbstractSet[str]) -> None:
        """Leave out the versions that went with an earlier line."""
        for kind, known in self.versions.items():
            left = {mark: size for mark, size in known.items() if mark not in marks}
            self.versions[kind] = left

    def counts(self) -> Counter[str]:
        """Return how many versions are gone, by kind."""
        gone = {kind: known.keys() - self.left for kind, known in self.versions.items()}
        found = {kind: len(gone.get(kind, ())) for kind in Kind}
        return Counter({kind.value: n for kind, n in found.items() if n})

    def __str__(self) -> str:
        """Return the line of the report: id, state, time and counts, and no name."""
        gone = ", ".join(f"{kind} {count}" for kind, count in self.counts().items())
        said = [f"{self.state or 'begun'}", self.ended_at, gone, *self.why]
        return f"{self.stem_id}: " + "; ".join(part for part in said if part)


class Ledger:
    """Write what happens to each line, and remember what is not done yet.

    `tell` gets the account of each line that is done, also of earlier runs. A version
    that belongs to several lines is counted with the first one that is done; memory
    grows by about 150 bytes for each version.
    """

    def __init__(self, journal: Journal, tell: Callable[[LineAccount], None]) -> None:
        self._journal = journal
        self._tell = tell
        self._open: dict[int, LineAccount] = {}
        self._done: dict[int, bool] = {}  # whether mixes went too, by line
        self._counted: set[str] = set()
        self.totals: Counter[str] = Counter()
        self.size_bytes = 0
        for entry in journal.entries():
            self._take(entry)

    @property
    def done_count(self) -> int:
        """Return how many lines of the manifest are done, over all runs."""
        return len(self._done)

    def is_done(self, number: int, *, with_mixes: bool) -> bool:
        """Tell whether a line of the manifest is done, its mixes included if asked."""
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
        self._append(
            number,
            plan,
            versions=versions,
            used=used,
            live=plan.was_live,
            first=not plan.has_begun,
        )

    def end(self, number: int, plan: Plan, ending: Ending) -> LineAccount:
        """Write how a line ended, and return the line's account."""
        return self._append(
            number,
            plan,
            state=ending.state.value,
            at=time_now(),
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
            account.leave_out(self._counted)
            self._counted |= account.sizes.keys()
            self.totals += account.counts()
            self.size_bytes += sum(account.sizes.values())
            self._tell(account)
        elif account.state is not None:
            self._done.pop(number, None)  # a second look found something that stays
        return account
