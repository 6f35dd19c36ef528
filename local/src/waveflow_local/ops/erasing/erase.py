"""Erase what a manifest names: hide the uploads, look whom that hurts, then erase."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import InternalError

from waveflow_local.engine.template import read_document
from waveflow_local.ops.bulk.journal import Heading, Journal
from waveflow_local.ops.bulk.manifest import Checked, Manifest, Numbered, StemLine
from waveflow_local.ops.bulk.source import find_source
from waveflow_local.ops.erasing.dependents import Dependents
from waveflow_local.ops.erasing.ledger import Ending, Ledger, LineAccount, State
from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.places import Kind, Place, original
from waveflow_local.ops.erasing.survey import Going, Plan, Survey
from waveflow_local.ops.erasing.uses import Uses, find_uses
from waveflow_local.ops.erasing.versions import DeniedError, Versions
from waveflow_local.ops.stack import LOCAL, Stack
from waveflow_local.ops.tombstones import tombstone_key, write_tombstone
from waveflow_local.paths import Project

VERB = "erase"
BATCH = 100  # lines between two looks at the deletion records

CAME = "an upload came meanwhile: run the command again"

StemLines = Iterable[Numbered[StemLine]]


@dataclass(frozen=True)
class Summary:
    """Hold the end of an erasure's report: counts over all runs of the journal."""

    stack: str
    manifest_sha256: str
    lines: int
    done: int
    versions: int
    size_bytes: int
    unknown: int

    @property
    def has_left(self) -> bool:
        """Tell whether a line of the manifest is not done."""
        return self.done < self.lines

    def __str__(self) -> str:
        """Return the counts as the last lines of the report."""
        gone = f"{self.versions} versions, {self.size_bytes} bytes"
        silent = "mixes and comparisons that do not say which stems they used"
        said = [
            f"{self.done} of {self.lines} lines done: {gone}",
            f"stack {self.stack}, manifest {self.manifest_sha256}",
            f"{silent}: {self.unknown}",
        ]
        return "\n".join(said)


class Erasure:
    """Work on one manifest of a stack; a dry run only looks."""

    def __init__(self, stack: Stack, location: str, *, with_mixes: bool) -> None:
        self._stack = stack
        self._name = stack.parts.name or LOCAL
        self._location = location
        self._with_mixes = with_mixes
        self._versions = Versions(stack.s3, stack.parts.bucket)
        self._objects = S3ObjectStore(stack.s3, stack.parts.bucket)

    @cached_property
    def _manifest(self) -> Manifest[StemLine]:
        source = find_source(self._location, s3=lambda: self._stack.s3)
        return Manifest(source, StemLine, prefixes=_prefixes(self._stack))

    def dry_run(self) -> Iterator[Plan]:
        """Yield what would go and stay with each line of the manifest."""
        self._manifest.check()
        survey = self._survey()
        for item in self._manifest.lines():
            yield survey.plan(item.line.stem_id, item.line.filepath)

    def unknown(self) -> list[str]:
        """Return the mixes that do not say which stems they used."""
        return sorted(map(str, self._uses.unknown))

    def run(self, journal: Path, tell: Callable[[LineAccount], None]) -> Summary:
        """Erase each line that is not done yet, and tell how each line ended."""
        checked = self._manifest.check()
        heading = Heading(
            verb=VERB,
            stack=self._name,
            manifest=checked.sha256,
            stem_count=checked.stems,
            options={},
            bucket=self._stack.parts.bucket,
        )
        with Journal(journal, heading) as file:
            ledger = Ledger(file, tell)
            work = _Work(self._survey(), ledger, self._with_mixes, tell)
            lines = self._lines(ledger, checked)
            while batch := list(islice(lines, BATCH)):
                work.erase(batch)
            return Summary(
                stack=self._name,
                manifest_sha256=checked.sha256,
                lines=checked.stems,
                done=ledger.done_count,
                versions=ledger.totals.total(),
                size_bytes=ledger.size_bytes,
                unknown=len(self._uses.unknown),
            )

    def _lines(self, ledger: Ledger, checked: Checked) -> Iterator[Numbered[StemLine]]:
        """Yield the lines to work on: all of them where an earlier run has done all.

        A job that was under way may have written outputs after the erasure.
        """
        again = ledger.done_count == checked.stems
        for item in self._manifest.lines():
            if again or not ledger.is_done(item.number, with_mixes=self._with_mixes):
                yield item

    @cached_property
    def _named(self) -> Named:
        named = Named()
        for item in self._manifest.lines():
            named.add(item.line.stem_id, item.line.filepath)
        return named

    @cached_property
    def _uses(self) -> Uses:
        return find_uses(self._versions, self._named)

    def _survey(self) -> Survey:
        dependents = Dependents(self._versions, self._named)
        dependents.refresh()
        return Survey(
            versions=self._versions,
            objects=self._objects,
            named=self._named,
            uses=self._uses,
            dependents=dependents,
            with_mixes=self._with_mixes,
        )


@dataclass(frozen=True)
class _Work:
    """Erase lines in batches, so that one look at all records serves many lines."""

    survey: Survey
    ledger: Ledger
    with_mixes: bool
    tell: Callable[[LineAccount], None]

    def erase(self, batch: StemLines) -> None:
        """Hide the uploads of all lines, look whom that hurts, then erase each line.

        A duplicate that was proved before an upload was hidden has its record by now;
        one that is proved later finds no survivor.
        """
        plans = [(item.number, self._plan(item)) for item in batch]
        for number, plan in plans:
            if plan.refusal is None and plan.going:
                self._begin(number, plan)
        self.survey.dependents.refresh()
        for _, plan in plans:
            if plan.refusal is None:
                self.survey.refuse(plan)
        going = {p.stem_id for _, p in plans if p.refusal is None and p.going}
        for number, plan in plans:
            if plan.refusal is None:
                self._finish(number, plan)
            else:
                self._put_back(number, plan, is_going=plan.stem_id in going)
                self._end(number, plan, State.STAYS, [plan.refusal])

    def _plan(self, item: Numbered[StemLine]) -> Plan:
        begun = self.ledger.begun(item.number)
        return self.survey.plan(
            item.line.stem_id,
            item.line.filepath,
            was_live=begun.was_live,
            also=begun.used,
        )

    def _begin(self, number: int, plan: Plan) -> None:
        self.ledger.begin(number, plan)
        try:
            write_tombstone(plan.stem_id, objects=self.survey.objects)
        except InternalError as exc:
            key = tombstone_key(plan.stem_id)
            raise DeniedError(f"S3 does not write {key}: {exc}") from exc
        plan.has_begun = True
        if plan.is_live:
            self.survey.versions.hide(plan.filepath)

    def _finish(self, number: int, plan: Plan) -> None:
        if self._has_come(plan):
            self._end(number, plan, State.PARTLY, [CAME], left=_marks(plan.going))
            return
        locked = self._remove(plan)
        unfinished = [each.why for each in plan.staying if each.unfinished]
        if not unfinished and self._has_come(plan):
            unfinished = [CAME]
        if locked or unfinished:
            why = [*dict.fromkeys(locked.values()), *unfinished]
            self._end(number, plan, State.PARTLY, why, left=list(locked))
        elif plan.going or not self.ledger.is_done(number, with_mixes=self.with_mixes):
            state = State.ERASED if plan.has_begun else State.NOTHING
            self._end(number, plan, state, self._named_only(plan))

    def _has_come(self, plan: Plan) -> bool:
        """Tell whether readers see an upload that came after the look at the key.

        Somebody may have been proved a duplicate of that upload meanwhile.
        """
        uploads = self.survey.versions.of(original(plan.filepath)) if plan.going else []
        return bool(uploads) and not uploads[-1].is_marker

    def _remove(self, plan: Plan) -> dict[str, str]:
        """Remove what goes; return why by version where S3 keeps some by a lock.

        The delete marker over a locked version stays, for it hides the version.
        """
        locked: dict[str, str] = {}
        for going in self._going(plan):
            kept = dict[str, str]()
            for version in going.versions:
                if version.is_marker and kept:
                    continue
                if lock := self.survey.versions.remove(version):
                    kept[version.mark] = f"{going.kind} stays: {lock}"
            locked |= kept
        return locked

    def _going(self, plan: Plan) -> Iterator[Going]:
        """Yield what goes, with the delete marker that hides the upload by now."""
        if plan.going:
            versions = tuple(self.survey.versions.of(original(plan.filepath)))
            yield Going(Kind.ORIGINAL, plan.filepath, versions)
        for going in plan.going:
            if going.kind is not Kind.ORIGINAL:
                yield going

    def _put_back(self, number: int, plan: Plan, *, is_going: bool) -> None:
        """Show an upload again that this erasure has hidden, and forget the stem.

        The tombstone stays where another erasure wrote it, or where another upload of
        the stem goes.
        """
        if not plan.has_begun:
            return
        versions = self.survey.versions
        uploads = versions.of(original(plan.filepath))
        if uploads and uploads[-1].is_marker:
            versions.remove(uploads[-1])
        if self.ledger.begun(number).makes_tombstone and not is_going:
            place = Place(Kind.RECORD, tombstone_key(plan.stem_id))
            for version in versions.of(place):
                versions.remove(version)

    def _named_only(self, plan: Plan) -> list[str]:
        return [] if self.with_mixes else [f"{made} stays" for made in plan.used]

    def _end(
        self,
        number: int,
        plan: Plan,
        state: State,
        why: list[str],
        left: Sequence[str] = (),
    ) -> None:
        ending = Ending(state, self.with_mixes, tuple(why), tuple(left))
        account = self.ledger.end(number, plan, ending)
        if state in {State.STAYS, State.PARTLY}:
            self.tell(account)


def _marks(going: Iterable[Going]) -> list[str]:
    return [version.mark for each in going for version in each.versions]


def _prefixes(stack: Stack) -> tuple[str, ...]:
    """Return the prefixes of uploads; the local engine has those of the template."""
    if stack.parts.allowed_prefixes:
        return stack.parts.allowed_prefixes
    document: Any = read_document(Project().template)
    return tuple(document["Parameters"]["AllowedPrefixes"]["Default"].split(","))
