"""Stems that a back-fill draws, and their messages, against a fake bucket."""

import json
import re
from dataclasses import replace

import pytest
from support.filling import drawn, stored, waveform_of
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.events.normalise import Entry, read_job


def test_only_what_is_missing_or_stale_is_drawn(cloud, fill):
    """A million current stems must cost a million reads, and no execution."""
    lines = stored(cloud, 1, 2, 3, 4, 5)
    cloud.draw(lines[0], algorithm=ALGORITHM)
    cloud.draw(lines[1], algorithm=ALGORITHM - 1)
    cloud.draw(lines[2], algorithm=ALGORITHM + 1)
    cloud.put(waveform_of(lines[3]), b"no document")

    ended = fill(lines)

    assert drawn(cloud) == ["stem-2", "stem-4", "stem-5"]
    assert (ended.tally.drawn, ended.tally.current) == (3, 2)
    assert ended.tally.reasons == {"older algorithm": 2, "no document": 1}


OUTPUTS = {
    "zoom level": (
        {"waveform": {"zoom_levels": [256, 1024]}},
        ["waveforms/stem-1_zoom_1767225600000/256.dat",
         "waveforms/stem-1_zoom_1767225600000/1024.dat"],
    ),
    "split zoom level": (
        {"waveform": {"zoom_levels": [256], "split_channels": True}},
        ["waveforms/stem-1_zoom_1767225600000/256_split.dat"],
    ),
    "previews": (
        {"previews": ["opus", "mp3"]},
        ["previews/stem-1_1767225600000.opus", "previews/stem-1_1767225600000.mp3"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_a_stem_without_an_asked_for_output_is_drawn(cloud, fill, case):
    """An old stem must get the zoom levels and previews that new stems have."""
    options, keys = OUTPUTS[case]
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM)
    for key in keys:
        cloud.put(key)
    complete = fill([line], journal="complete", **options)
    for number, key in enumerate(keys, start=1):
        cloud.remove(key)
        fill([line], journal=key.replace("/", "|"), **options)
        cloud.put(key)
        assert len(cloud.bodies) == number

    assert complete.tally.current == 1
    assert {name: cloud.bodies[0][name] for name in options} == options


def test_the_stacks_zoom_levels_are_asked_of_old_stems_too(cloud, fill):
    """A stack that draws zoom levels of every upload wants them of every stem."""
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM)
    cloud.stack.parts = replace(cloud.stack.parts, zoom_levels=(256,))

    missing = fill([line], journal="1")
    cloud.put("waveforms/stem-1_zoom_1767225600000/256.dat")
    there = fill([line], journal="2")

    assert missing.tally.drawn == there.tally.current == 1
    assert "waveform" not in cloud.bodies[0]


def test_a_mono_stem_needs_no_level_of_two_channels(cloud, fill):
    """A stem that can have no split level would be drawn by every run for ever."""
    lines = stored(cloud, 1, channels=1) + stored(cloud, 2, channels=2)
    for line in lines:
        cloud.draw(line, algorithm=ALGORITHM)
        cloud.put(f"waveforms/{line['stemId']}_zoom_1767225600000/256.dat")

    fill(lines, waveform={"zoom_levels": [256], "split_channels": True})

    assert drawn(cloud) == ["stem-2"]
    assert "channels" not in cloud.bodies[0]


def test_a_level_too_large_to_keep_is_not_missed(cloud, fill):
    """A level that the stage drops would be asked for by every run for ever."""
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM, duration=21_600.0, sample_rate=96_000)
    cloud.put("waveforms/stem-1_zoom_1767225600000/128.dat")

    ended = fill([line], waveform={"zoom_levels": [64, 128]})

    assert ended.tally.current == 1


def test_an_identity_is_missed_where_the_servers_table_has_none(cloud, fill):
    """No object holds the identity, so the manifest says which stems have one."""
    lines = stored(cloud, 1, audio_id=f"pcm1:{'0' * 64}") + stored(cloud, 2)
    for line in lines:
        cloud.draw(line, algorithm=ALGORITHM)

    fill(lines, audio_id=True)

    assert drawn(cloud) == ["stem-2"]
    assert cloud.bodies[0]["audio_id"] is True


def test_a_message_is_one_that_the_stages_take(cloud, fill):
    """A message with a field that `hash` refuses would fail for every stem."""
    full = {
        "stageId": "stage",
        "upstreamId": "up",
        "original_filename": "노래.wav",
        "audio_hash": "0" * 64,
    }
    lines = stored(cloud, 1) + stored(cloud, 2, **full, audio_id=f"pcm1:{'0' * 64}")
    cloud.draw(lines[1], algorithm=0, num_peaks=77)

    fill(lines, previews=["opus"])

    names = list(cloud.started)
    entries = [json.loads(cloud.text[name]) for name in names]
    jobs = [
        read_job(Entry(record=record, start="2026-01-01", name=name))
        for name, [record] in zip(names, entries, strict=True)
    ]
    assert [found.job_id for found in jobs] == names
    assert all(re.fullmatch(r"backfill-[0-9a-f]{12}-[12]", name) for name in names)
    assert [found.ts for found in jobs] == [1767225600000] * 2
    assert jobs[0].extra == {"backfill": True}
    assert jobs[1].extra == {"backfill": True, "stageId": "stage"}
    assert [found.stem.num_peaks for found in jobs] == [1024, 77]
    assert cloud.bodies[1].items() >= full.items()
