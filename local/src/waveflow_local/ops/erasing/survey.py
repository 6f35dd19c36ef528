"""Find all that goes with one stem and all that stays, without changing anything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from waveflow.adapters.s3 import S3ObjectStore
from waveflow.stages._used import mark_of, marks_in

from waveflow_local.ops.erasing.dependents import Dependent, Dependents, read_deletion
from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.places import (
    Derived,
    Kind,
    Place,
    comparison,
    mixed_audio,
    mixed_document,
    mixed_outputs,
    original,
    outputs,
    records,
)
from waveflow_local.ops.erasing.uses import Uses
from waveflow_local.ops.erasing.versions import Version, Versions
from waveflow_local.ops.tombstones import find_tombstone

MIXED_STEM = "_mixed"  # `x_mixed` has documents named like those of the mixes of `x`


@dataclass(frozen=True)
class Going:
    """Hold the versions of one key that go, in the order in which they go."""

    kind: Kind
    key: str
    versions: tuple[Version, ...]

    def __str__(self) -> str:
        """Return one line for the operator."""
        markers = sum(version.is_marker for version in self.versions)
        counts = {"version": len(self.versions) - markers, "delete marker": markers}
        said = ", ".join(
            f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items() if n
        )
        return f"  goes  {self.key}: {self.kind}, {said}"


@dataclass(frozen=True)
class Staying:
    """Name an object that stays, and why, in words that hold ids and no keys.

    `unfinished` says that the object holds something of the stem all the same.
    """

    name: str
    why: str
    unfinished: bool = False

    def __str__(self) -> str:
        """Return one line for the operator."""
        return f"  stays {self.name}: {self.why}"


@dataclass
class Plan:
    """Hold what an erasure of one line has to do, in the order of doing.

    `refusal` says why the line has to stay whole. `was_live` means that readers saw
    the upload before any run began. `has_begun` means that the stem has a tombstone.
    """

    stem_id: str
    filepath: str
    going: list[Going] = field(default_factory=list)
    staying: list[Staying] = field(default_factory=list)
    used: list[Derived] = field(default_factory=list)
    refusal: str | None = None
    needed_by: list[Dependent] = field(default_factory=list)
    is_live: bool = False
    was_live: bool = False
    has_begun: bool = False

    def __str__(self) -> str:
        """Return what goes and what stays, as lines for the operator."""
        if self.refusal:
            needed = [
                f"  needed by {each.filepath}: {each.stem_id}"
                for each in self.needed_by
            ]
            return "\n".join([f"{self.stem_id} stays: {self.refusal}", *needed])
        said = "would be erased" if self.going else "has nothing that goes"
        lines = [f"{self.stem_id} {said}", *map(str, self.going)]
        return "\n".join([*lines, *map(str, self.staying)])

    @property
    def has_left(self) -> bool:
        """Tell whether something of the stem has to stay."""
        unfinished = any(each.unfinished for each in self.staying)
        return self.refusal is not None or unfinished

    @property
    def has_upload(self) -> bool:
        """Tell whether any version of the upload still holds bytes."""
        return any(
            not version.is_marker
            for going in self.going
            if going.kind is Kind.ORIGINAL
            for version in going.versions
        )


@dataclass
class Survey:
    """Look at a bucket, line by line of a manifest."""

    versions: Versions
    objects: S3ObjectStore
    named: Named
    uses: Uses
    dependents: Dependents
    with_mixes: bool

    def plan(
        self,
        stem_id: str,
        filepath: str,
        *,
        was_live: bool | None = None,
        also: Iterable[Derived] = (),
    ) -> Plan:
        """Return what the erasure of one manifest line removes, and what stays.

        `was_live` tells whether an earlier run has found the upload live, and hidden
        it; None of a line with which no known run has begun.
        `also` names mixes and comparisons that an earlier run has begun to erase.
        """
        plan = Plan(stem_id, filepath)
        tombstone = find_tombstone(stem_id, objects=self.objects)
        plan.has_begun = tombstone is not None
        self._add(plan, original(filepath))
        plan.is_live = any(
            version.is_latest and not version.is_marker
            for going in plan.going
            for version in going.versions
        )
        if was_live is None:
            was_live = plan.has_begun  # by a run that was killed and lost its journal
        plan.was_live = plan.is_live or was_live
        self.refuse(plan)
        for going in self._groups(records(stem_id)):
            self._add_record(plan, going)
        for place in outputs(stem_id):
            for going in self._groups(place):
                self._add_output(plan, going)
        plan.used = sorted({*self.uses.of(filepath), *also})
        for made in plan.used:
            self._add_derived(plan, made)
        return plan

    def refuse(self, plan: Plan) -> None:
        """Refuse a plan whose upload is the only copy of other stems."""
        if not plan.has_upload or not plan.was_live:
            return
        plan.needed_by = self.dependents.of(plan.filepath, is_live=plan.is_live)
        if plan.needed_by:
            plan.refusal = (
                f"{_names(plan.needed_by)} was deleted as a duplicate of this upload "
                "and has no other copy: restore that stem first, or name its upload too"
            )
        elif owners := self.dependents.owners_of(plan.filepath):
            # A table may give a duplicate the path of its survivor.
            plan.refusal = (
                f"a deletion record names this upload as that of {', '.join(owners)}: "
                "name that stem too if its upload is to go"
            )

    def _add(self, plan: Plan, place: Place) -> None:
        plan.going += self._groups(place)

    def _groups(self, place: Place) -> Iterator[Going]:
        """Yield the keys of a place, each with its versions."""
        by_key: dict[str, list[Version]] = {}
        for version in self.versions.of(place):
            by_key.setdefault(version.key, []).append(version)
        for key, found in by_key.items():
            yield Going(place.kind, key, tuple(found))

    def _add_record(self, plan: Plan, going: Going) -> None:
        """Let a record go, unless the record alone knows another upload of the stem."""
        deletion = read_deletion(self.versions.body(going.key))
        if deletion is None:
            plan.going.append(going)
            return
        source, survivor = deletion.source.key, deletion.survivor
        if not self.named.has_line(plan.stem_id, source):
            why = "an upload of this stem that the manifest does not name"
            plan.staying.append(Staying(source, why, unfinished=True))
            return
        if led := self.dependents.led_by(source):
            why = f"leads to the only copy of {_names(led)}: restore that stem first"
            plan.staying.append(Staying(going.key, why, unfinished=True))
            return
        plan.going.append(going)
        if not self.named.has_upload(survivor.filepath):
            why = f"the same sound, kept as another stem, {survivor.stem_id}"
            plan.staying.append(Staying(survivor.filepath, why))

    def _add_output(self, plan: Plan, going: Going) -> None:
        """Let an output go, unless a mix has an output of the same name."""
        stage_id = plan.stem_id.removesuffix(MIXED_STEM)
        if going.kind is not Kind.DOCUMENT or stage_id == plan.stem_id:
            plan.going.append(going)
            return
        ts = int(going.key.removesuffix(".json").rpartition("_")[2])
        mix = Derived(Kind.MIX, stage_id, ts)
        if any(self.versions.of(place) for place in mixed_audio(mix)):
            plan.staying.append(Staying(going.key, f"the document of the {mix}"))
        else:
            plan.going.append(going)

    def _add_derived(self, plan: Plan, made: Derived) -> None:
        """Let a mix or comparison of the stem go, or name it where it stays."""
        if not self.with_mixes:
            why = "holds the sound of this stem; --mixes erases it"
            if any(self._groups_of(made)):
                plan.staying.append(Staying(str(made), why))
        elif made.kind is Kind.COMPARISON:
            self._add_comparison(plan, made, mark=mark_of(plan.filepath))
        else:
            self._add_mix(plan, made, mark=mark_of(plan.filepath))

    def _add_comparison(self, plan: Plan, made: Derived, *, mark: str) -> None:
        """Let a comparison go; another one under the same key keeps its versions."""
        for going in self._groups(comparison(made)):
            mine = tuple(
                version
                for version in going.versions
                if mark in self.uses.comparisons.get(version.mark, ())
            )
            # Of a comparison of a mix that is gone, no version tells its stems.
            whole = not mine or all(
                version.is_marker or version in mine for version in going.versions
            )
            plan.going.append(going if whole else Going(going.kind, going.key, mine))

    def _groups_of(self, made: Derived) -> Iterator[Going]:
        audio = mixed_audio(made) if made.kind is Kind.MIX else (comparison(made),)
        for place in audio:
            yield from self._groups(place)

    def _add_mix(self, plan: Plan, mix: Derived, *, mark: str) -> None:
        """Let a mix go: its audio last, by which the next run finds the rest.

        Two requests of one time may both have written audio; a mix of other stems
        keeps its own.
        """
        groups = [g for place in mixed_audio(mix) for g in self._groups(place)]
        audio = [self._marked(going, mark=mark) for going in groups]
        if audio == groups:
            for place in mixed_outputs(mix):
                self._add(plan, place)
        else:
            why = "another mix of other stems has the same stage and time"
            plan.staying.append(Staying(f"outputs of the {mix}", why))
        documents = [
            self._marked(going, mark=mark)
            for going in self._groups(mixed_document(mix))
        ]
        plan.going += [going for going in (*documents, *audio) if going.versions]

    def _marked(self, going: Going, *, mark: str) -> Going:
        """Return those versions of a mix's object that carry the stem's mark."""
        if all(version.is_marker for version in going.versions):
            return going  # left by an earlier run
        marked = tuple(
            version
            for version in going.versions
            if version.is_marker or mark in self._marks(version)
        )
        if marked != going.versions:
            # A delete marker would go from over a mix of others, and show that mix.
            marked = tuple(version for version in marked if not version.is_marker)
        return Going(going.kind, going.key, marked)

    def _marks(self, version: Version) -> frozenset[str]:
        return marks_in(self.versions.metadata(version) or {}) or frozenset()


def _names(dependents: list[Dependent]) -> str:
    return ", ".join(sorted({each.stem_id for each in dependents}))
