"""Manifests of `ops backfill` and `ops erase`: JSON lines or CSV, from disk or S3."""

import json
import os
import tracemalloc

import boto3
import pytest
from moto import mock_aws
from waveflow_local.ops.bulk.manifest import (
    FAULTS_SHOWN,
    FaultyManifestError,
    Manifest,
    StemLine,
)
from waveflow_local.ops.bulk.rows import MAX_LINE_BYTES
from waveflow_local.ops.bulk.source import find_source
from waveflow_local.paths import LocalError

STEMS = int(os.environ.get("WAVEFLOW_LINES", "6000"))  # a million in `make soak`
NAMES = ("userId", "stemId", "filepath", "timestamp")
HEADER = ",".join(NAMES)
GOOD = ("ann", "s-1", "audio/a, b.wav", "2026-01-01T00:00:00Z")
OTHER = ("bob", "s-2", "audio/한.wav", "2026-01-01T09:00:00+09:00")


def json_line(values, **more):
    """Return one line of JSON about a stem."""
    return json.dumps(dict(zip(NAMES, values, strict=True)) | more)


def csv_line(values):
    """Return one line of CSV about a stem."""
    return ",".join(f'"{value}"' if "," in value else value for value in values)


@pytest.fixture
def manifest_of(tmp_path):
    """Return a function that makes a manifest of bytes or of lines of text."""

    def make(content):
        if not isinstance(content, bytes):
            content = "".join(f"{line}\n" for line in content).encode()
        path = tmp_path / "stems"
        path.write_bytes(content)
        return Manifest(find_source(str(path), s3=None), StemLine, prefixes=("audio/",))

    return make


def text(lines, end="\n"):
    """Return lines as one text."""
    return end.join([*lines, ""]).encode()


CSV = [HEADER, csv_line(GOOD), csv_line(OTHER)]
JSON = [json_line(GOOD), json_line(OTHER)]
SPELLINGS = {
    "csv": (text(CSV), [2, 3]),
    "csv of Windows, with a BOM": (b"\xef\xbb\xbf" + text(CSV, "\r\n"), [2, 3]),
    "csv without a last line end": (text(CSV).rstrip(b"\n"), [2, 3]),
    "csv with blank lines": (text(["", *CSV[:2], "", CSV[2], ""]), [3, 5]),
    "csv with other columns": (
        text([f"id,{CSV[0]},name", f"1,{CSV[1]},x", f"2,{CSV[2]},"]),
        [2, 3],
    ),
    "csv with a line end in a cell": (
        text([f"{HEADER},note", f'{CSV[1]},"a\nb"', f"{CSV[2]},"]),
        [3, 4],
    ),
    "json lines": (text(JSON), [1, 2]),
    "json lines with a BOM": (b"\xef\xbb\xbf" + text(JSON, "\r\n"), [1, 2]),
    "json lines with blank ones": (text(["", JSON[0], "  ", JSON[1]]), [2, 4]),
    "json lines with other members": (
        text([json_line(GOOD, note=None, size=3), json_line(OTHER, tags=["a"])]),
        [1, 2],
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_table_is_read_as_its_program_writes_it(manifest_of, spelling):
    """An export that WaveFlow cannot read costs the operator an evening of editing."""
    content, numbers = SPELLINGS[spelling]

    manifest = manifest_of(content)

    assert manifest.check().stems == 2
    read = list(manifest.lines())
    assert [item.number for item in read] == numbers
    assert [tuple(getattr(item.line, n) for n in read[0].line.__struct_fields__)
            for item in read] == [GOOD, OTHER]  # fmt: skip
    assert {item.line.ts for item in read} == {1767225600000}


BAD = "2026-02-30T00:00:00Z"
FAULTS = {
    "missing column": (text([HEADER[:-10], "a,b,c"]), ["1 lacks the column timestamp"]),
    "no columns": (text(["hello"]), ["1 lacks the column userId, stemId, filepath"]),
    "column twice": (text([f"{HEADER},userId", ""]), ["1 names a column twice"]),
    "missing cell": (
        text([CSV[0], "ann,s-1,audio/a.wav", CSV[2]]),
        ["2 has 3 cells; the header has 4"],
    ),
    "empty cell": (text([CSV[0], "ann,,audio/a.wav,2026"]), ["2 lacks stemId"]),
    "missing member": (text(['{"userId": "a"}']), ["1 lacks stemId, filepath, time"]),
    "null": (text([json_line((None, *GOOD[1:]))]), ["1 lacks userId"]),
    "wrong date": (text([json_line((*GOOD[:3], BAD))]), ["1 has an invalid timestamp"]),
    "wrong id": (
        text([json_line(("a/b", *GOOD[1:3], "x"))]),
        ["1 has an invalid userId, timestamp"],
    ),
    "number": (text([json_line((7, *GOOD[1:]))]), ["1 has an invalid userId"]),
    "lone surrogate": (
        text([json_line((*GOOD[:2], "audio/\ud800", GOOD[3]))]),
        ["1 is no JSON"],
    ),
    "key elsewhere": (
        text([json_line((*GOOD[:2], "private/a.wav", GOOD[3]))]),
        ["1 has a filepath that is not allowed. The key is not below an allowed"],
    ),
    "same rendition": (
        text([*JSON, json_line((*GOOD[:3], "2026-01-01T01:00:00+01:00"))]),
        ["3 repeats line 1"],
    ),
    "no object": (text(["[1]", "{}}"]), ["1 is no JSON object", "2 is no JSON"]),
    "no text": (
        text(CSV) + b"\xff\n" + text(CSV[1:2]),
        ["4 is not UTF-8", "5 repeats"],
    ),
    "UTF-16": ("userId".encode("utf-16"), ["1 is not UTF-8; save the manifest as"]),
    "open quote": (text([*CSV[:2], 'a,"b,c,d']), ["3 is no CSV: unexpected end"]),
    "long line": (
        text([*JSON, "{" * (MAX_LINE_BYTES + 1), "x"]),
        ["3 is longer than 65,536 bytes", "4 is no JSON"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_line_is_named_by_its_number(manifest_of, fault):
    """An operator must find the line among a million, before any is worked on."""
    content, expected = FAULTS[fault]

    with pytest.raises(FaultyManifestError) as caught:
        manifest_of(content).check()

    lines = caught.value.details
    assert f"{len(expected)} faulty line" in str(caught.value)
    assert len(lines) == len(expected)
    for line, beginning in zip(lines, expected, strict=True):
        assert line.startswith(f"line {beginning}")


def test_a_thousand_faults_are_counted_and_twenty_shown(manifest_of):
    """A wrong column must not scroll the operator's terminal away."""
    with pytest.raises(FaultyManifestError) as caught:
        manifest_of(["{}"] * 1000).check()

    assert "1000 faulty lines" in str(caught.value)
    assert len(caught.value.details) == FAULTS_SHOWN + 1
    assert caught.value.details[-1] == "and 980 more."


@pytest.mark.parametrize("content", [b"", b"\n\n", f"{HEADER}\n".encode()])
def test_a_manifest_without_a_stem_is_a_mistake(manifest_of, content):
    """An empty export must not look like a finished run."""
    with pytest.raises(LocalError, match="holds no stem"):
        manifest_of(content).check()


def test_a_manifest_is_streamed(tmp_path, monkeypatch):
    """A table of a million stems must not fill the memory with its lines."""
    monkeypatch.setattr("waveflow_local.ops.bulk.source.PART_BYTES", 8192)
    path, marks = tmp_path / "stems", 8 * 3 * STEMS  # 64 bits of each line, sorted
    with path.open("w") as file:
        for number in range(STEMS):
            file.write(json_line(("ann", f"s-{number}", *GOOD[2:])) + "\n")

    tracemalloc.start()
    stems = Manifest(find_source(str(path), s3=None), StemLine).check().stems
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert stems == STEMS
    assert peak < 250_000 + marks
    assert marks < path.stat().st_size / 4


def test_a_file_that_changed_after_its_check_is_refused(tmp_path):
    """Lines that nobody checked must not be worked on."""
    path = tmp_path / "stems"
    path.write_bytes(text(JSON))
    manifest = Manifest(find_source(str(path), s3=None), StemLine)
    manifest.check()
    path.write_bytes(text([*JSON, "{}"]))

    with pytest.raises(LocalError, match="has changed since"):
        list(manifest.lines())


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    """A typing error must not end in a traceback."""
    with pytest.raises(LocalError, match="cannot be read: No such file"):
        Manifest(find_source(str(tmp_path / "no"), s3=None), StemLine).check()


@pytest.fixture
def s3():
    """Return moto's S3 with one bucket."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="tables")
        yield client


def test_a_manifest_on_s3_is_read_in_parts(s3, monkeypatch):
    """A connection that waits for hours of executions breaks; short reads do not."""
    monkeypatch.setattr("waveflow_local.ops.bulk.source.PART_BYTES", 7)
    s3.put_object(Bucket="tables", Key="a/b.csv", Body=text(CSV))

    manifest = Manifest(find_source("s3://tables/a/b.csv", s3=lambda: s3), StemLine)

    assert manifest.check().stems == 2
    assert [item.number for item in manifest.lines()] == [2, 3]


def test_an_object_that_changed_after_its_check_is_refused(s3):
    """Half of one table and half of another must never be worked on."""
    s3.put_object(Bucket="tables", Key="b", Body=text(JSON))
    manifest = Manifest(find_source("s3://tables/b", s3=lambda: s3), StemLine)
    manifest.check()
    s3.put_object(Bucket="tables", Key="b", Body=text(CSV))

    with pytest.raises(LocalError, match="cannot be read"):
        list(manifest.lines())


@pytest.mark.parametrize("place", ["s3://tables/none", "s3://tables", "s3:///x"])
def test_a_wrong_place_on_s3_is_one_sentence(s3, place):
    """A missing object must not end in a traceback."""
    with pytest.raises(LocalError, match=r"cannot be read|is no s3://bucket/key"):
        Manifest(find_source(place, s3=lambda: s3), StemLine).check()
