"""A bucket with everything that an erasure meets, and a stack on that bucket."""

import csv
import io
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from waveflow.events.flow import Source
from waveflow.events.messages import Survivor
from waveflow.stages._records import Deletion
from waveflow.stages._used import used_metadata
from waveflow_local.ops.erasing.erase import Erasure, Summary
from waveflow_local.ops.stack import Parts, Stack

from support.bucket_client import BucketClient
from support.simulation.bucket import Bucket

PARTS = Parts(
    *("a-bucket", "queue", "dead", "machine", "secret", "https://192.0.2.1/webhook"),
    name="flow",
    allowed_prefixes=("audio/", "users/"),
)
COLUMNS = ("userId", "stemId", "filepath", "timestamp")
MINE, MY_COPY = "users/ann/1.wav", "users/ann/2.wav"
FIRST, SURVIVOR = "users/ann/0.wav", "users/ann/0.wav"
BOBS = "users/bob/voice.wav"
# A record of another stem, whose upload was never deleted.
KEPT = msgspec.json.encode(
    Deletion(
        source=Source(
            key=BOBS,
            etag="x",
            size=1,
            last_modified="2026-01-01T00:00:00Z",
            audio_hash="0" * 64,
            version_id="1",
        ),
        survivor=Survivor(stem_id="ann-0", filepath="users/ann/0.wav"),
        survivor_etag="x",
        state="kept",
        reason="DRAWN",
    )
)
REQUEST = {"waveflow-request": "0" * 64}
# Every timestamp of the stem, also one before 1970; a document has two versions.
GOES = [
    *(MINE, MINE, MY_COPY, "dedupe/ann-2_17.json"),
    *("waveforms/ann-1_waveform_17.json", "waveforms/ann-1_waveform_17.json"),
    *("waveforms/ann-1_waveform_-18.json", "waveforms/ann-1_zoom_17/256.dat"),
    *("waveforms/ann-1_zoom_17/1024_split.dat", "previews/ann-1_17.opus"),
    *("previews/ann-1_-18.mp3", "waveforms/ann-2_waveform_17.json"),
]
GOES_WITH_MIXES = [
    *("previews/mixed/stage-1_5.mp3", "waveforms/mixed/stage-1_zoom_5/256.dat"),
    *("waveforms/stage-1_mixed_waveform_5.json", "mixed/stage-1_mixed_5.wav"),
    "comparisons/stage-1_6.json",
    "comparisons/stage-1_7.json",  # of two mixes, one of which used the stem
]
STAYS = [
    # Keys that begin like those of the stems.
    *("users/ann/1.wav.bak", "users/ann/10.wav", "waveforms/ann-10_waveform_17.json"),
    *("waveforms/ann-1_b_waveform_17.json", "waveforms/ann-1_waveform_x.json"),
    *("previews/ann-1_b_17.opus", "previews/ann-1_17.opus.txt"),
    *("waveforms/ann-1_zoom_17/notes.txt", "waveforms/ann-1_mixed_waveform_17.json"),
    *("dedupe/ann-2_b_17.json", "dedupe/ann-20_17.json", "analysis/job-1.json"),
    # The survivor, and what is of others.
    *(FIRST, BOBS, "waveforms/ann-0_waveform_17.json"),
    *("mixed/stage-2_mixed_5.wav", "waveforms/stage-2_mixed_waveform_5.json"),
    *("previews/mixed/stage-2_5.mp3", "comparisons/stage-2_6.json"),
    "mixed/stage-0_mixed_5.wav",  # of an older release, without marks
]
MARKS = {
    "mixed/stage-1_mixed_5.wav": {**REQUEST, **used_metadata([MINE, BOBS])},
    "waveforms/stage-1_mixed_waveform_5.json": {
        **REQUEST,
        **used_metadata([MINE, BOBS]),
    },
    "comparisons/stage-1_6.json": used_metadata([MINE, BOBS]),
    "comparisons/stage-1_7.json": used_metadata(
        ["mixed/stage-1_mixed_5.wav", "mixed/stage-2_mixed_5.wav"]
    ),
    "mixed/stage-2_mixed_5.wav": {**REQUEST, **used_metadata([BOBS])},
    "waveforms/stage-2_mixed_waveform_5.json": {**REQUEST, **used_metadata([BOBS])},
    "comparisons/stage-2_6.json": used_metadata([BOBS]),
}


@dataclass
class Place:
    """Hold a bucket, its client, and the folder of the manifest and the journal."""

    folder: Path
    bucket: Bucket = field(default_factory=lambda: Bucket(itertools.count().__next__))
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the client of the bucket."""
        self.client = BucketClient(self.bucket)

    @property
    def stack(self) -> Stack:
        """Return the stack whose bucket this is."""
        return Stack(PARTS, _Session(self.client))  # type: ignore[arg-type]

    @property
    def journal(self) -> Path:
        """Return the path of the journal."""
        return self.folder / "journal"

    def manifest(self, *rows: tuple[str, str] | tuple[str, str, str]) -> Path:
        """Write a manifest of (stem, key) or (stem, key, time), and return its path."""
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(COLUMNS)
        for number, (stem_id, key, *time) in enumerate(rows):
            user = key.split("/")[1] if key.startswith("users/") else "ann"
            table.writerow(
                [user, stem_id, key, *(time or [f"2026-01-01T0{number}:00"])]
            )
        path = self.folder / "manifest.csv"
        path.write_text(text.getvalue(), "utf-8")
        return path

    def erase(self, path: Path, *, with_mixes: bool = False) -> Summary:
        """Run the erasure, and keep what the report says."""
        erasure = Erasure(self.stack, str(path), with_mixes=with_mixes)
        return erasure.run(self.journal, lambda account: self.told.append(str(account)))

    def look(self, path: Path, *, with_mixes: bool = False) -> str:
        """Return what a dry run prints."""
        erasure = Erasure(self.stack, str(path), with_mixes=with_mixes)
        return "\n".join(map(str, erasure.dry_run()))

    def put(self, *keys: str) -> None:
        """Write an object under each key, with the marks that the key has."""
        for key in keys:
            self.bucket.put(key, key.encode(), metadata=MARKS.get(key, {}))

    def delete_duplicate(
        self, stem_id: str, key: str, *, survivor: tuple[str, str], **changed: Any
    ) -> None:
        """Delete an upload and leave a record, as the stage dedupe_delete does."""
        stored = self.bucket.stored(key)
        assert stored is not None
        source = Source(
            key=key,
            etag=stored.etag,
            size=stored.size,
            last_modified=stored.last_modified,
            audio_hash="0" * 64,
            version_id=stored.version_id,
        )
        named = Survivor(stem_id=survivor[0], filepath=survivor[1])
        deletion = Deletion(
            source=source, survivor=named, survivor_etag="x", looked=True
        )
        changed_deletion = msgspec.structs.replace(deletion, **changed)
        body = msgspec.json.encode(changed_deletion)
        self.bucket.put(f"dedupe/{stem_id}_17.json", body)
        self.bucket.delete(key)

    def left(self) -> dict[str, list[bytes | None]]:
        """Return the bodies of all versions; tombstones and empty keys left out."""
        return {
            key: [version.body for version in kept]
            for key, kept in self.bucket.versions.items()
            if kept and not key.startswith("dedupe/erased/")
        }


@dataclass
class _Session:
    made: BucketClient

    def client(self, _service: str, **_options: Any) -> BucketClient:
        return self.made


def anns(place: Place) -> Path:
    """Fill a bucket with two stems of Ann and much of others; name the two stems.

    `ann-1` is drawn twice, mixed and compared; `ann-2` was deleted as a duplicate of
    `ann-0`, which the manifest does not name.
    """
    records = [key for key in STAYS if key.startswith("dedupe/")]
    place.put(*STAYS, *GOES_WITH_MIXES)
    place.put(*(key for key in GOES[1:] if not key.startswith("dedupe/")))
    place.delete_duplicate("ann-2", MY_COPY, survivor=("ann-0", FIRST))
    for key in records:
        place.bucket.put(key, KEPT)
    # The newest version of the upload lies over an older one and a delete marker.
    place.bucket.delete(MINE)
    place.put(MINE)
    place.bucket.delete("mixed/stage-1_mixed_5.wav")  # as the platform does
    return place.manifest(
        ("ann-1", MINE, "2026-01-01T00:00"), ("ann-2", MY_COPY, "2026-01-01T00:00")
    )
