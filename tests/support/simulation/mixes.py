"""Mixes and comparisons: what each message asks for, and whose result lies where."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from waveflow.errors import WaveflowError
from waveflow.events.flow import comparison_key, mixed_key, mixed_waveform_key
from waveflow.events.messages import CompareMessage, Job, MixMessage
from waveflow.events.normalise import Entry, read_job

from support.simulation.bucket import Bucket, Version
from support.simulation.checks import BrokenPromiseError
from support.walker import Execution

REQUEST = "waveflow-request"
SUMMED = 0.7  # share of the mixes that are no classic ones
FORMATS = ("wav16", "wav24", "wav32f", "flac16", "flac24")
RATES = ("first", "highest", 44_100)
LOUDNESS = ({"integrated": -14}, {"integrated": -20.5, "true_peak": -2})
FADERS: dict[str, tuple[Any, ...]] = {
    "gain_db": (-6, 0, 3.5),
    "pan": (-1, -0.5, 0, 1),
    "mute": (False, True),
    "invert": (False, True),
    "offset_ms": (-6, -2.5, 3, 700),
}


def mix_options(random: Random, paths: Sequence[str]) -> dict[str, Any]:
    """Return `mix`, `stems`, both or neither for a message about some stems."""
    asked: dict[str, Any] = {}
    if random.random() < SUMMED:
        asked["mix"] = _mix(random)
    if random.random() < SUMMED:
        is_mono = asked.get("mix", {}).get("channels") == 1
        named = random.sample(paths, random.randrange(len(paths) + 1))
        asked["stems"] = [_stem(random, path, is_mono=is_mono) for path in named]
        if len(muted_in(asked)) == len(paths):
            asked["stems"][0]["mute"] = False
    return asked


def _mix(random: Random) -> dict[str, Any]:
    choices = {"channels": (1, 2), "format": FORMATS, "sample_rate": RATES}
    mix = {name: random.choice(of) for name, of in choices.items() if _often(random)}
    if random.random() < 0.2:
        mix["loudness"] = random.choice(LOUDNESS)
    return mix


def _stem(random: Random, path: str, *, is_mono: bool) -> dict[str, Any]:
    names = [name for name in FADERS if not (is_mono and name == "pan")]
    asked = {name: random.choice(FADERS[name]) for name in names if _often(random)}
    return {"path": path, **asked}


def _often(random: Random) -> bool:
    return random.random() < 0.5


def muted_in(fields: Mapping[str, Any]) -> set[str]:
    """Return the keys of stems that a message mutes."""
    return {stem["path"] for stem in fields.get("stems") or () if stem.get("mute")}


def fields_in(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a queue record's message, which may be any JSON."""
    body = record["body"] if isinstance(record["body"], dict) else {}
    fields: dict[str, Any] = body.get("kwargs", body)
    return fields


def request_of(record: Mapping[str, Any]) -> str:
    """Return the hash of what a message asks for, without the stages' help."""
    fields = fields_in(record)
    asked = {n: fields[n] for n in ("stem_paths", "mix", "stems") if n in fields}
    if "pairs" in fields:
        pairs = [{k: v for k, v in pair.items() if v} for pair in fields["pairs"]]
        asked = {"pairs": pairs, "num_peaks": fields.get("num_peaks", 1024)}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def mixes_same(told: Mapping[str, Any], execution: Execution) -> bool:
    """Return whether an execution makes the mix that a webhook tells of."""
    record, name = execution.input[0], execution.name
    job = _stage_job(Entry(record=record, start=execution.start, name=name))
    if job is None or not isinstance(job.message, MixMessage):
        return False
    return bool(told["waveform_data_path"] == mixed_waveform_key(job))


class Claims:
    """Checks that results of several requests of one stage and time stay apart."""

    def __init__(self, bucket: Bucket, counts: Counter[str]) -> None:
        self._bucket, self._counts = bucket, counts
        self._made: dict[tuple[str, frozenset[tuple[str, str]]], str] = {}
        self._told: dict[str, str] = {}

    def written(
        self, request: Entry, key: str, *, stems: Mapping[str, str] | None
    ) -> None:
        """Check an object right after a stage wrote it; `stems` are hashes by key."""
        asked = request_of(request.record)
        if self._others(key, asked):
            raise BrokenPromiseError(f"{key} of another request was replaced.")
        version = self._bucket.current(key)
        if version is None or version.metadata.get(REQUEST) != asked:
            raise BrokenPromiseError(f"{key} does not say whose it is.")
        if stems is None or not key.startswith("mixed/"):
            return
        made = (asked, frozenset(stems.items()))
        if self._made.setdefault(made, version.sha256) != version.sha256:
            raise BrokenPromiseError(f"{key} was mixed in two ways.")
        self._counts["mixes written"] += 1

    def told(self, payload: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Keep whose result the server is told of: one request for each task id."""
        asked = request_of(record)
        if self._told.setdefault(payload["task_id"], asked) != asked:
            raise BrokenPromiseError(f"{payload['task_id']} is told of two requests.")
        self._counts["sums told"] += "mix" in payload
        self._counts["comparisons told"] += "comparison_path" in payload

    def check(self, payload: Mapping[str, Any]) -> None:
        """Check that the objects in a told result are the told request's."""
        names = ("mixed_file_path", "waveform_data_path", "comparison_path")
        for name in filter(payload.__contains__, names):
            version = self._bucket.current(payload[name])
            asked = self._told[payload["task_id"]]
            if version is None or version.metadata.get(REQUEST) != asked:
                raise BrokenPromiseError(f"{payload[name]} is told, and another's.")

    def refused(self, payload: Mapping[str, Any], execution: Execution) -> None:
        """Check that a valid message was refused for another request's result."""
        record, name = execution.input[0], execution.name
        job = _stage_job(Entry(record=record, start=execution.start, name=name))
        if job is None:
            return
        is_mix = isinstance(job.message, MixMessage)
        kind = "mixes" if is_mix else "comparisons"
        self._counts[f"{kind} refused for another request"] += 1
        body, asked = record["body"], request_of(record)
        own = body.get("id") if "kwargs" in body else None
        if payload["task_id"] != (own or record["messageId"]):
            raise BrokenPromiseError(f"{name} was refused under another's id.")
        keys = [comparison_key(job)]
        if is_mix:
            audio = (mixed_key(job, "wav"), mixed_key(job, "flac"))
            keys = [mixed_waveform_key(job), *audio]
        document = self._bucket.current(keys[0])
        if document is not None and document.metadata.get(REQUEST) == asked:
            raise BrokenPromiseError(f"{name} was refused for its own result.")
        if not any(self._others(key, asked) for key in keys):
            raise BrokenPromiseError(f"{name} was refused for nobody's result.")

    def _others(self, key: str, asked: str) -> list[Version]:
        """Return the versions of a key that another request has written."""
        versions = self._bucket.versions.get(key, [])
        return [v for v in versions if v.metadata.get(REQUEST, asked) != asked]


def _stage_job(request: Entry) -> Job | None:
    """Return the job of a valid mix or comparison, or None for any other record."""
    try:
        job = read_job(request)
    except WaveflowError:
        return None
    return job if isinstance(job.message, MixMessage | CompareMessage) else None
