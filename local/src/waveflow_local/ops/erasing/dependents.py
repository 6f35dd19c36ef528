"""Find stems that were deleted as duplicates, and live from the copy of another."""

from collections import defaultdict
from dataclasses import dataclass

import msgspec
from waveflow.stages._records import Deletion

from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.versions import Versions, side_by_side
from waveflow_local.ops.tombstones import TOMBSTONES
from waveflow_local.ops.undo import RECORDS
from waveflow_local.paths import LocalError


@dataclass(frozen=True)
class Dependent:
    """Name a deleted duplicate, whose sound is stored as another stem."""

    stem_id: str
    filepath: str


@dataclass(frozen=True)
class _Way:
    """Hold where the sound of a deleted duplicate may lie: its survivors, in turn.

    `etags` are those of proved copies; other ETags may be of other bytes.
    """

    dependent: Dependent
    places: tuple[str, ...]
    etags: frozenset[str]


class Dependents:
    """Follow all deletion records of a bucket from each duplicate to its survivors."""

    def __init__(self, versions: Versions, named: Named) -> None:
        self._versions = versions
        self._named = named
        self._etags: dict[str, str] = {}
        self._deletions: dict[str, Deletion] = {}  # in force, by the record's key
        self._deleted: dict[tuple[str, str], list[Deletion]] = {}  # by key and hash
        self._by_place: dict[str, list[_Way]] = {}
        self._owners: dict[str, set[str]] = {}  # stems that records name, by upload

    def refresh(self) -> None:
        """Read the records that are new or have changed since the last time."""
        listed = dict(self._versions.etags(RECORDS))
        changed = [
            key
            for key, etag in listed.items()
            if self._etags.get(key) != etag and not key.startswith(TOMBSTONES)
        ]
        bodies = side_by_side(self._versions.body, changed)
        for key, body in zip(changed, bodies, strict=True):
            self._deletions.pop(key, None)
            deletion = self._read(key, body)
            if deletion and deletion.state == "decided" and deletion.reason is None:
                self._deletions[key] = deletion
        for key in self._deletions.keys() - listed.keys():
            del self._deletions[key]
        self._etags = listed
        self._follow()

    def of(self, filepath: str, *, is_live: bool) -> list[Dependent]:
        """Return the stems, not named to be erased, that have no copy but this one.

        Beside an upload that readers see, a named copy counts as gone. A named copy
        beside a hidden upload is looked at by its own line.
        """
        return [
            way.dependent
            for way in self._by_place.get(filepath, ())
            if not self._is_named(way.dependent)
            and not any(
                self._holds(place, way)
                for place in (way.dependent.filepath, *way.places)
                if place != filepath and not (is_live and self._named.has_upload(place))
            )
        ]

    def owners_of(self, filepath: str) -> list[str]:
        """Return the stems, not named to be erased, whose upload records call this."""
        return sorted(
            stem_id
            for stem_id in self._owners.get(filepath, ())
            if not self._named.has_line(stem_id, filepath)
        )

    def led_by(self, filepath: str) -> list[Dependent]:
        """Return deleted duplicates whose chain of records passes a deleted upload."""
        return [
            way.dependent
            for way in self._by_place.get(filepath, ())
            if not self._is_named(way.dependent)
            and not self._holds(way.dependent.filepath, way)
        ]

    def _read(self, key: str, body: bytes | None) -> Deletion | None:
        """Return the deletion of a record; nobody erases beside an unreadable one."""
        deletion = read_deletion(body)
        is_damaged = deletion is None and body is not None
        if is_damaged and not self._named.has_stem(stem_of(key)):
            raise LocalError(
                f"The deletion record {key} cannot be read: the upload of which its "
                "stem was a duplicate may be the only copy. The erasure stops."
            )
        return deletion

    def _is_named(self, dependent: Dependent) -> bool:
        return self._named.has_line(dependent.stem_id, dependent.filepath)

    def _holds(self, place: str, way: _Way) -> bool:
        """Tell whether readers see a proved copy of a duplicate's sound at a place."""
        return self._versions.etag(place) in way.etags

    def _follow(self) -> None:
        """Follow each duplicate to every upload of its chain: C, B, A."""
        self._deleted, self._by_place = defaultdict(list), defaultdict(list)
        self._owners = defaultdict(set)
        for each in self._deletions.values():
            self._owners[each.survivor.filepath].add(each.survivor.stem_id)
            self._deleted[each.source.key, each.source.audio_hash].append(each)
        for key, deletion in self._deletions.items():
            way = self._way(Dependent(stem_of(key), deletion.source.key), deletion)
            for place in way.places:
                self._by_place[place].append(way)

    def _way(self, dependent: Dependent, first: Deletion) -> _Way:
        """Return the way of a duplicate; an upload may have been deleted twice."""
        places, etags, todo = dict[str, None](), set[str](), [first]
        while todo:
            deletion = todo.pop()
            etags |= {deletion.source.etag, deletion.survivor_etag}
            place = deletion.survivor.filepath
            if place not in places:
                places[place] = None
                todo += self._deleted.get((place, first.source.audio_hash), [])
        return _Way(dependent, tuple(places), frozenset(etags))


def stem_of(record_key: str) -> str:
    """Return the id of the stem whose deletion a record's key is about."""
    return record_key.removeprefix(RECORDS).rpartition("_")[0]


def read_deletion(body: bytes | None) -> Deletion | None:
    """Return the deletion in a record's body, or None where none is written."""
    try:
        return msgspec.json.decode(body or b"", type=Deletion)
    except msgspec.DecodeError:
        return None
