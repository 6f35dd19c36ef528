"""Sizes of the largest mixes: what a state of the machine and a server take."""

import json
from typing import Any

import msgspec
import pytest
from support.records import START, record
from support.stack import load
from waveflow.audio.listen.findings import Loudness
from waveflow.events.deliveries import delivery_of_outcome
from waveflow.events.flow import CompareOutcome, MixOutcome, Outcome
from waveflow.events.mix_options import MixFacts, StemFacts
from waveflow.events.normalise import Entry, read_job
from waveflow.events.webhooks import ComparisonResult, MixResult
from waveflow.stages._mixing import bounded_warnings

STATE_BYTES = 262_144
BODY_PARSER_BYTES = 100_000  # of NestJS, unless the server sets another limit
STEMS = 64
CODES = ("ANTI_PHASE", "NON_FINITE_SAMPLES", "RESAMPLED", "TRUNCATED")
STEM = {"gain_db": -59.99, "pan": -0.123, "invert": True, "offset_ms": -599_999.99}
OPTIONS = {
    "mix": {
        "channels": 2,
        "format": "wav32f",
        "sample_rate": "highest",
        "loudness": {"integrated": -29.99, "true_peak": -8.99},
    },
    "waveform": {"zoom_levels": [64, 128, 65_536], "split_channels": True},
    "previews": ["opus", "mp3"],
    "audio_id": True,
}


def paths(length):
    """Return distinct keys of a length in bytes."""
    return [f"audio/{n:02}/".ljust(length, "x") for n in range(STEMS)]


def message(keys, *, is_sum):
    """Return a mix message that says all it can."""
    body: dict[str, Any] = {
        "task": "mix_stems_and_upload",
        "stageId": "s" * 128,
        "upstreamId": "u" * 128,
        "timestamp": "2026-11-27T09:00:00.000000+09:00",
        "stem_paths": keys,
    }
    if is_sum:
        body |= {**OPTIONS, "stems": [{"path": key, **STEM} for key in keys]}
    return body


def outcome(keys, *, is_sum):
    """Return the outcome of a mix whose stems have every fault."""
    result = MixResult(
        mixed_file_path="mixed/" + "s" * 160,
        waveform_data_path="waveforms/" + "s" * 160,
        duration=21_599.999999,
        sample_rate=192_000,
        channels=2,
        warnings=list(bounded_warnings([f"{c}:{key}" for c in CODES for key in keys])),
    )
    if is_sum:
        faults = [*CODES, "CHANNELS_MIXED", "CUT_AWAY"]
        stem = StemFacts(
            muted=False, duration=21_599.999999, peak=12.345678, warnings=faults
        )
        loudness = Loudness(
            integrated=-12.34,
            range=12.34,
            momentary_max=-12.34,
            short_term_max=-12.34,
            true_peak=-12.34,
            reason="TOO_SHORT",
        )
        mix = MixFacts(
            channels=2,
            format="wav32f",
            sample_rate=192_000,
            loudness_target=None,
            applied_gain_db=-12.345,
            limiter_db=12.0,
            loudness=loudness,
        )
        result = msgspec.structs.replace(result, mix=mix, stems=[stem] * STEMS)
    return Outcome(status="SUCCESS", result=result, processing_time=899.999)


def mixed(keys, *, is_sum):
    """Return the message, and the output of the state Mix."""
    body = message(keys, is_sum=is_sum)
    job = read_job(Entry(record=record(body), start=START, name="run-1"))
    return body, MixOutcome(job=job, outcome=outcome(keys, is_sum=is_sum))


def size_of(value):
    """Return the bytes of a value as JSON in UTF-8."""
    return len(msgspec.json.encode(value))


@pytest.mark.parametrize("is_sum", [False, True])
def test_the_largest_mix_fits_the_states_of_the_machine(is_sum):
    """A state that is too large ends an execution without a word to the server."""
    queue = load()["Resources"]["Queue"]["Properties"]["MaximumMessageSize"]
    keys = next(
        keys
        for length in range(1024, 0, -1)
        if size_of(message(keys := paths(length), is_sum=is_sum)) <= queue
    )

    body, output = mixed(keys, is_sum=is_sum)

    told = {"retries": 12, "event": "outcome", **msgspec.to_builtins(output)}
    failed = {"retries": 12, "record": record(body), "start": START, "error": "x" * 999}
    assert max(map(size_of, (told, failed))) < STATE_BYTES
    assert len(keys[0]) == 1024 or size_of(body) > queue - 2 * STEMS


def test_the_webhook_of_64_stems_fits_what_nestjs_reads():
    """A server with NestJS's own limit must not refuse an ordinary mix."""
    _, output = mixed(paths(200), is_sum=True)

    done = msgspec.convert(msgspec.to_builtins(output.outcome), Outcome[dict])
    payload = delivery_of_outcome(output.job, done).payload

    assert len(json.dumps(payload, ensure_ascii=False).encode()) < BODY_PARSER_BYTES


def test_warnings_that_no_state_can_hold_lose_their_paths():
    """A mix of faulty stems with long keys must still be told."""
    long = [f"TRUNCATED:{key}" for key in paths(1024)]

    assert bounded_warnings(long[:3]) == tuple(long[:3])
    assert bounded_warnings(long) == ("TRUNCATED",)


def comparison(length):
    """Return a comparison message of 64 pairs of keys of a length."""
    pairs = [
        {"before": key, "after": key.replace("audio", "audi0")} for key in paths(length)
    ]
    return {
        "task": "compare_mixes",
        "stageId": "s" * 128,
        "upstreamId": "u" * 128,
        "timestamp": "2026-11-27T09:00:00.000000+09:00",
        "pairs": pairs,
    }


def test_the_largest_comparison_fits_the_states_of_the_machine():
    """A state that is too large ends an execution without a word to the server."""
    queue = load()["Resources"]["Queue"]["Properties"]["MaximumMessageSize"]
    body = next(
        body
        for length in range(1024, 0, -1)
        if size_of(body := comparison(length)) <= queue
    )
    job = read_job(Entry(record=record(body), start=START, name="run-1"))
    result = ComparisonResult(
        comparison_path="comparisons/" + "s" * 160,
        statuses=["different"] * STEMS,
        warnings=[*CODES],
    )
    done = Outcome(status="SUCCESS", result=result, processing_time=899.999)

    output = msgspec.to_builtins(CompareOutcome(job=job, outcome=done))
    told = {"retries": 12, "event": "outcome", **output}
    failed = {"retries": 12, "record": record(body), "start": START, "error": "x" * 999}

    assert max(map(size_of, (told, failed))) < STATE_BYTES
    assert size_of(body) > queue - 4 * STEMS
