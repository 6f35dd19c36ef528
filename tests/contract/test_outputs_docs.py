"""Keys, formats, sizes and codes of outputs in the documents are those of the code."""

import json
import math
import re
import struct

import numpy as np
import pytest
from support.records import START, TS, UPLOAD, record
from support.stack import ROOT, Stack, load
from waveflow.audio.preview.encoder import FORMATS, PREVIEW_FAILED
from waveflow.audio.stream import CHANNELS_MIXED
from waveflow.audio.waveform.zoom import WaveformData
from waveflow.audio.waveform.zoom_levels import MAX_BYTES, ZOOM_DROPPED
from waveflow.events.flow import preview_key, zoom_key
from waveflow.events.normalise import Entry, read_job
from waveflow.stages._optional import (
    AUDIO_ID_UNKNOWN,
    CONTENT_TYPES,
    ZOOM_FAILED,
)

FORMAT, PREVIEWS, WEBHOOKS, RUNBOOK, DEPLOY = (
    (ROOT / f"docs/{name}.md").read_text("utf-8")
    for name in ("waveform-format", "previews", "webhooks", "runbook", "deploy")
)
CODES = (ZOOM_DROPPED, ZOOM_FAILED, AUDIO_ID_UNKNOWN, PREVIEW_FAILED, CHANNELS_MIXED)
MIX = {
    "task": "mix_stems_and_upload",
    "stageId": "stage1",
    "stem_paths": ["audio/a.wav"],
    "timestamp": UPLOAD["timestamp"],
}
FRAMES = 240 * 44_100  # of the stems whose sizes the page lists


def job_of(body):
    """Return the job of a message."""
    return read_job(Entry(record=record(body), start=START, name="run-1"))


def documented(page, word):
    """Return the documented keys that hold a word, filled with the jobs' names."""
    names = {"stemId": "stem789", "stageId": "stage1", "ts": TS}
    keys = re.findall(rf"`((?:waveforms|previews)/[^`]*{word}[^`]*)`", page)
    return {key.format(samples_per_pixel=256, **names) for key in keys}


def test_the_keys_are_those_that_are_written():
    """A server that builds a key from the page must find the object."""
    jobs = [job_of(UPLOAD), job_of(MIX)]

    zoom = {zoom_key(job, 256, split=False) for job in jobs}
    previews = {preview_key(job, form) for job in jobs for form in CONTENT_TYPES}
    assert documented(FORMAT, "_zoom_") == zoom
    assert documented(PREVIEWS, "_{ts}") == previews
    ending = re.search(r"ending in `\{samples_per_pixel\}(\w+\.dat)`", FORMAT)
    assert zoom_key(jobs[0], 256, split=True).endswith(f"256{ending[1]}")


def test_the_formats_of_previews_are_those_of_the_encoders():
    """A page plays by the Content-Type, and a musician judges by the bit rate."""
    rows = {row[0]: row[1:] for row in cells(PREVIEWS)}

    for index, (kind, form) in enumerate(FORMATS.items()):
        assert f"`{CONTENT_TYPES[kind]}`" in rows["container, Content-Type"][index]
        rates = f"{form.stereo_bps // 1000} and {form.mono_bps // 1000} kbit/s"
        assert rates in rows["bit rate, stereo and mono"][index]


def cells(page):
    """Return the rows of all tables of a page."""
    return [line.strip("| ").split(" | ") for line in page.splitlines() if "|" in line]


@pytest.mark.parametrize("channels", [1, 2])
def test_the_header_of_a_zoom_file_is_the_documented_one(channels):
    """A page that reads a part of a file must know where the pixels begin."""
    points = np.arange(20 * channels, dtype=np.int8).reshape(10, channels, 2)
    body = WaveformData(
        sample_rate=44_100,
        samples_per_pixel=256,
        bits=8,
        channels=channels,
        data=points,
    ).dat()
    fields = re.findall(r"^\| (\d+)-(\d+) \| (u?)int32 \|", FORMAT, re.MULTILINE)
    fields = fields if channels == 2 else fields[:-1]

    header = [
        struct.unpack_from("<I" if unsigned else "<i", body, int(start))[0]
        for start, _, unsigned in fields
    ]

    size = int(fields[-1][1]) + 1
    assert header == [channels, 1, 44_100, 256, 10, *([2] if channels == 2 else [])]
    assert body[size:] == points.tobytes()
    assert f"byte {size} + {2 * channels}·i" in FORMAT.replace("or ", "byte ")


def test_the_listed_sizes_follow_from_the_format():
    """A developer chooses zoom levels by these sizes."""
    rows = [row for row in cells(FORMAT) if len(row) == 4 and row[1][:1].isdigit()]
    sizes = {
        int(level.replace(",", "")): int(size.replace(",", ""))
        for level, size, *_ in rows
    }

    assert len(sizes) == 5
    for level, size in sizes.items():
        assert size == 24 + 4 * math.ceil(FRAMES / level)
    assert f"at most {MAX_BYTES >> 20} MiB" in FORMAT


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_an_output_is_explained(code):
    """A developer who meets null must find the reason in the document."""
    rows = {row[0].strip("`") for row in cells(WEBHOOKS)}

    assert code in rows
    if code in {ZOOM_FAILED, PREVIEW_FAILED, AUDIO_ID_UNKNOWN}:
        assert code in RUNBOOK


def test_the_rule_for_a_bucket_of_ones_own_is_that_of_the_stacks_bucket():
    """A page that works with the stack's bucket must work with the operator's too."""
    [text] = re.findall(r'(\{"CORSRules".*?\}\]\})', DEPLOY, re.DOTALL)
    [rule] = json.loads(text)["CORSRules"]
    stack = Stack(load(), UploadOrigins="https://app.example.com")

    [own] = stack.properties("Bucket")["CorsConfiguration"]["CorsRules"]

    other = {"ExposeHeaders": "ExposedHeaders", "MaxAgeSeconds": "MaxAge"}
    assert {other.get(name, name): value for name, value in rule.items()} == own
