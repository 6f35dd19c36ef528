"""Download an execution's results into the output folder."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from waveflow.events.options import OptionalResults, PreviewFiles

from waveflow_local.demo.stems import INSTRUMENTS
from waveflow_local.files.pictures.geometry import lay_out
from waveflow_local.files.pictures.png import write_png
from waveflow_local.files.pictures.svg import write_svg
from waveflow_local.files.writing import write_whole
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

LOG = "functions.log"  # opened first by each run; marks a run's folder
_RESULTS = (
    "waveforms/*.json",
    "waveforms/*.svg",
    "waveforms/*.png",
    "waveforms/*_zoom/*.dat",
    "previews/*.opus",
    "mixes/mix.wav",
    "mixes/stereo-mix.wav",
    "mixes/mix-2.wav",
    "comparisons/mix.json",
    "webhooks/*.json",
    "server.sqlite",
)
_STEMS = (
    *(f"stems/{instrument.filename}" for instrument in INSTRUMENTS),
    "versions/voice-2.wav",
)


@dataclass(frozen=True)
class Bucket:
    """Read and write the S3 bucket of a running pipeline, as a server would."""

    s3: "S3Client"
    name: str

    def put(self, key: str, content: bytes) -> None:
        """Upload one file to the S3 bucket, as a browser does."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def get(self, key: str, version: str | None = None) -> bytes:
        """Return an S3 object's bytes, of one version if a version is named."""
        named = {"VersionId": version} if version else {}
        answer = self.s3.get_object(Bucket=self.name, Key=key, **named)  # type: ignore[arg-type] # a union of optional keywords
        return answer["Body"].read()

    def versions(self, *prefixes: str) -> set[tuple[str, str, str]]:
        """Return key, version and ETag of all S3 objects below some prefixes."""
        found = set()
        for page in self._pages():
            for item in page.get("Versions", []):
                if item["Key"].startswith(prefixes):
                    found.add((item["Key"], item["VersionId"], item["ETag"]))
        return found

    def is_deleted(self, key: str) -> bool:
        """Tell whether a delete marker hides an S3 object."""
        markers = (m for page in self._pages() for m in page.get("DeleteMarkers", []))
        return any(m["Key"] == key and m["IsLatest"] for m in markers)

    def kept_version(self, key: str, content: bytes) -> str | None:
        """Return the S3 version that still holds `content`, or None."""
        digest = hashlib.sha256(content).digest()
        for _, version, _ in sorted(v for v in self.versions(key) if v[0] == key):
            if hashlib.sha256(self.get(key, version)).digest() == digest:
                return version
        return None

    def _pages(self) -> "Iterable[ListObjectVersionsOutputTypeDef]":
        return self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name)


def make_new(folder: Path) -> Path:
    """Make the next free folder below `folder`: run-1, run-2, …; return its path."""
    numbers = itertools.count(1)
    while True:
        own = folder / f"run-{next(numbers)}"
        try:
            own.mkdir(parents=True)
        except FileExistsError:
            if not own.exists():  # `folder` itself is a file
                raise LocalError(f"{folder} is no folder: it is a file.") from None
        except OSError as exc:
            raise LocalError(f"{folder} is no folder: {exc.strerror}.") from exc
        else:
            return own


def clear(folder: Path) -> None:
    """Remove the output files of an earlier demonstration, and no other file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise LocalError(f"{folder} is no folder: {exc.strerror}.") from exc
    if not (folder / LOG).exists():
        _check_free(folder)
    old = {path for pattern in _RESULTS for path in folder.glob(pattern)}
    for path in old:
        path.unlink()
    for levels in folder.glob("waveforms/*_zoom"):
        with suppress(OSError):  # a folder with a file of the user's stays
            levels.rmdir()


def _check_free(folder: Path) -> None:
    """Refuse an output folder whose own files have the names of a run's outputs."""
    for pattern in (*_RESULTS, *_STEMS):
        for path in folder.glob(pattern):
            raise LocalError(
                f"No run of waveflow left {path}; name another folder with --out."
            )


def collect(
    bucket: Bucket,
    result: Mapping[str, object],
    folder: Path,
    *,
    title: str,
    name: str,
) -> list[Path]:
    """Download one execution's results; draw the waveform as SVG and PNG."""
    paths = []
    if "mixed_file_path" in result:
        mixed = folder / "mixes" / f"{name}.wav"
        mixed.parent.mkdir(exist_ok=True)
        write_whole(mixed, bucket.get(str(result["mixed_file_path"])))
        paths.append(mixed)
    content = bucket.get(str(result["waveform_data_path"]))
    base = folder / "waveforms" / name
    base.parent.mkdir(exist_ok=True)
    picture = lay_out(json.loads(content), title=title)
    for suffix, data in (
        ("json", content),
        ("svg", write_svg(picture)),
        ("png", write_png(picture)),
    ):
        path = base.with_name(f"{base.name}.{suffix}")
        write_whole(path, data)
        paths.append(path)
    return [*paths, *_collect_optional(bucket, result, folder, name=name)]


def collect_comparison(
    bucket: Bucket, result: Mapping[str, object], folder: Path, *, name: str
) -> Path:
    """Download the document of a comparison, and return its path."""
    path = folder / "comparisons" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, bucket.get(str(result["comparison_path"])))
    return path


def _collect_optional(
    bucket: Bucket, result: Mapping[str, object], folder: Path, *, name: str
) -> Iterator[Path]:
    """Download the zoom levels and previews of a result, as S3 holds them."""
    made = msgspec.convert(result, OptionalResults)
    levels = [level.path for level in made.zoom_levels or ()]
    previews = made.previews or PreviewFiles()
    played = [preview.path for preview in (previews.opus, previews.mp3) if preview]
    for key in (*levels, *played):
        own = Path(key)
        path = folder / "previews" / f"{name}{own.suffix}"
        if key in levels:
            path = folder / "waveforms" / f"{name}_zoom" / own.name
        path.parent.mkdir(exist_ok=True)
        write_whole(path, bucket.get(key))
        yield path
