"""Damaged files and made-up messages: typed errors, in bounded time and memory."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.memory import MemoryObjects
from support.records import START, record
from support.simulation.traffic import tiny_wav
from waveflow.errors import DedupeRefusedError, WaveflowError
from waveflow.events.deliveries import delivery_of_failure
from waveflow.events.flow import DedupeDeleteRequest, HashRequest, TellFailureRequest
from waveflow.events.normalise import find_job_id, read_job
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object

UPLOAD = "generate_hash_and_webhook"
FILES = int(os.environ.get("WAVEFLOW_FILES", "2000"))  # 200,000 in `make fuzz`
PARTS = 500  # 50,000 in `make fuzz`
MESSAGES = int(os.environ.get("WAVEFLOW_MESSAGES", "1000"))  # 10,000 in `make soak`
BODY = tiny_wav(1)
POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=1000,
    dedupe_mode="delete",
    verdict_mode="callback",
)
KEYS = [
    "audio/a.wav",
    "audio/노래.wav",
    "users/ann/a.wav",
    "users/bob/a.wav",
    "users/../users/bob/a.wav",
    "users//a.wav",
    "audio/../users/bob/a.wav",
    "audio/%2e%2e/users/bob/a.wav",
    "audio/..",
    "audio/a\\b",
    "audio/a\nb",
    "audio/a\x00b",
    "audio/\ud800",
    "audio/",
    "/audio/a.wav",
    " audio/a.wav",
    "AUDIO/a.wav",
    "waveforms/x.json",
    "dedupe/x.json",
    "mixed/x.wav",
    "audio/" + "가" * 400,
    "https://example.com/x",
    "arn:aws:s3:::other/x",
    "",
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=8),
    st.sampled_from(KEYS),
    st.sampled_from(["ann", "bob", "a\n", "../x", "2026-01-01T00:00:00Z", "9" * 400]),
    st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
names = st.sampled_from(
    [
        *("task", "id", "args", "kwargs", "userId", "trackId", "stemId", "stageId"),
        *("filepath", "timestamp", "original_filename", "num_peaks", "audio_hash"),
        *("duplicate_of", "stem_paths", "upstreamId", "other", "\ud800"),
    ]
)
loose = st.dictionaries(names, values)
near = st.fixed_dictionaries(
    {
        "userId": st.sampled_from(["ann", "bob", "a b", 1]),
        "trackId": st.just("t"),
        "stemId": st.sampled_from(["s", "s\n", "x" * 129]),
        "filepath": st.sampled_from(KEYS),
        "timestamp": scalars,
        "original_filename": scalars,
    },
    optional={"num_peaks": scalars, "audio_hash": scalars, "task": scalars},
)
bodies = st.one_of(
    values,
    loose,
    near,
    st.builds(
        lambda kwargs: {"task": "generate_hash_and_webhook", "kwargs": kwargs}, near
    ),
)


def full_bucket():
    """Return a bucket that holds the same bytes under every key."""
    objects = MemoryObjects()
    for key in KEYS:
        objects.put(key, BODY)
    return objects


STOCKED = full_bucket()


@given(bodies)
@settings(max_examples=MESSAGES, deadline=None)
def test_whatever_a_message_holds_no_call_leaves_its_user(body):
    """A made-up message must not reach objects of another user or prefix."""
    objects = STOCKED
    objects.calls.clear()
    request = HashRequest(record=record(body), start=START, name="run-1")

    try:
        user = hash_object(request, objects=objects, policy=POLICY).job.stem.user_id
    except WaveflowError as exc:
        user = None
        telling = TellFailureRequest(
            record=record(body),
            start=START,
            name="run-1",
            stage="hash",
            error={"Error": type(exc).__name__, "Cause": str(exc)},
        )
        delivery_of_failure(telling, readable(telling), code=exc.code)

    assert find_job_id(request)
    for _, key in objects.calls:
        assert key.startswith(("audio/", "users/", "dedupe/"))
        assert ".." not in key.split("/")
        if user is not None and key.startswith("users/"):
            assert key.split("/")[1] == user


near_keys = st.sampled_from(KEYS[:4]) | st.sampled_from(KEYS)
claims = values | st.fixed_dictionaries(
    {"stemId": st.sampled_from(["old", "s", "../s"]), "filepath": near_keys}
)
duplicates = st.fixed_dictionaries(
    {
        "task": st.just("process_duplicate_file"),
        "userId": st.sampled_from(["ann", "bob"]),
        "trackId": st.just("t"),
        "stemId": st.just("s"),
        "filepath": near_keys,
        "timestamp": st.just("2026-01-01T00:00:00Z"),
        "original_filename": st.just("a.wav"),
        "audio_hash": st.just(hashlib.sha256(BODY).hexdigest()),
    }
)


def end_of_claim(body, claim, *, in_message):
    """Name a survivor in the message or the answer; return the end and the bucket."""
    message = {**body, "duplicate_of": claim} if in_message else body
    request = HashRequest(record=record(message), start=START, name="run-1")
    objects = full_bucket()
    try:
        hashed = hash_object(request, objects=objects, policy=POLICY)
        known = msgspec.to_builtins(hashed.verdict).get("duplicate_of")
        deletion = DedupeDeleteRequest(
            job=hashed.job,
            source=hashed.source,
            duplicate_of=known if in_message else claim,
        )
        end = delete_duplicate(deletion, objects=objects, policy=POLICY).status
    except DedupeRefusedError as exc:
        end = exc.reason
    except WaveflowError as exc:
        end = exc.code
    return end, objects


def test_whatever_survivor_is_claimed_no_call_leaves_its_user():
    """A false survivor must not make a stage read or delete another user's files."""
    ends = Counter()

    @given(duplicates, claims, st.booleans())
    @settings(max_examples=MESSAGES, deadline=None)
    def claim_anything(body, claim, in_message):
        end, objects = end_of_claim(body, claim, in_message=in_message)

        ends[end] += 1
        for _, key in objects.calls:
            assert key.startswith(("audio/", "users/", "dedupe/", "waveforms/"))
            assert ".." not in key.split("/")
            if key.startswith("users/"):
                assert key.split("/")[1] == body["userId"]
        gone = set(KEYS) - set(objects.live())
        assert gone == ({body["filepath"]} if end == "DUPLICATE" else set())

    claim_anything()

    assert {"DUPLICATE", "PATH", "SELF", "ORDER", "NO_SURVIVOR"} <= set(ends)


def readable(request):
    """Return the job of a request, or None where its message cannot be read."""
    try:
        return read_job(request)
    except WaveflowError:
        return None


@pytest.mark.parametrize(("kind", "files"), [("bytes", FILES), ("structured", PARTS)])
def test_damaged_files_end_typed_and_bounded(kind, files):
    """A damaged upload must not kill a worker, run for 10 s or take 400 MB.

    What is made of whole parts must not be shorter than FFmpeg finds, unwarned.
    """
    tests = Path(__file__).parents[1]

    # A process of its own starts without the memory of pytest's worker.
    ended = subprocess.run(
        [sys.executable, "-m", "support.fuzz", "--count", str(files), "--kind", kind],
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = {
        kind: int(count)
        for count, kind in re.findall(r"^ +(\d+) (\S+)$", ended.stdout, re.MULTILINE)
    }
    assert sum(counts.values()) == files
    assert counts["drawn"] >= files / 10
    assert len(counts) >= 4
