"""Find stems that were deleted as duplicates, and live from the copy of another."""

from collections import defaultdict
from dataclasses import dataclass

import msgspec
from waveflow.stages._records import Deletion
from waveflow.stages._survivors import MAX_STEPS

from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.versions import Versions, side_by_side
from waveflow_local.ops.tombstones import TOMBSTONES
from waveflow_local.ops.undo import RECORDS


@dataclass(frozen=True)
class Dependent:
    """Name a deleted duplicate, whose sound is stored as another stem."""

    stem_id: str
    filepath: str


class Dependents:
    """Follow all deletion records of a bucket from each duplicate to its survivor."""

    def __init__(self, versions: Versions, named: Named) -> None:
        self._versions = versions
        self._named = named
        self._etags: dict[str, str] = {}
        self._deletions: dict[str, Deletion] = {}  # in force, by the record's key
        self._by_survivor: dict[str, list[Dependent]] = {}
        self._by_step: dict[str, list[Dependent]] = {}

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
            deletion = read_deletion(body)
            if deletion and deletion.state == "decided" and deletion.reason is None:
                self._deletions[key] = deletion
        for key in self._deletions.keys() - listed.keys():
            del self._deletions[key]
        self._etags = listed
        self._follow()

    def of(self, filepath: str) -> list[Dependent]:
        """Return the stems, not named to be erased, that have no copy but this one."""
        return self._without_copy(self._by_survivor.get(filepath, []))

    def led_by(self, filepath: str) -> list[Dependent]:
        """Return deleted duplicates whose chain of records passes a deleted upload."""
        return self._without_copy(self._by_step.get(filepath, []))

    def _without_copy(self, found: list[Dependent]) -> list[Dependent]:
        return [
            each
            for each in found
            if not self._named.has_line(each.stem_id, each.filepath)
            and not self._versions.is_live(each.filepath)
        ]

    def _follow(self) -> None:
        """Follow each duplicate to the upload at the end of its chain: C, B, A."""
        by_upload = {each.source.key: each for each in self._deletions.values()}
        ends, steps = defaultdict(list), defaultdict(list)
        for key, deletion in self._deletions.items():
            dependent = Dependent(stem_of(key), deletion.source.key)
            place = deletion.survivor.filepath
            for _ in range(MAX_STEPS):
                if place not in by_upload:
                    break
                steps[place].append(dependent)
                place = by_upload[place].survivor.filepath
            ends[place].append(dependent)
        self._by_survivor, self._by_step = ends, steps


def stem_of(record_key: str) -> str:
    """Return the id of the stem whose deletion a record's key is about."""
    return record_key.removeprefix(RECORDS).rpartition("_")[0]


def read_deletion(body: bytes | None) -> Deletion | None:
    """Return the deletion in a record's body, or None where none is written."""
    try:
        return msgspec.json.decode(body or b"", type=Deletion)
    except msgspec.DecodeError:
        return None
