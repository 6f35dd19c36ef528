"""Add a second version of the mix to a scenario, and a comparison of both."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from waveflow.events.fields import epoch_ms

from waveflow_local.demo.scenario import (
    MIX_STATES,
    STAGE,
    Case,
    Expected,
    Scenario,
    Upload,
    celery_message,
    now,
)
from waveflow_local.files.comparison_words import sentence_of

EDITED = "voice.wav"  # the stem that is quieter in the second version
QUIET_S = (3.0, 5.0)
_QUIETER = 10 ** (-12 / 20)
_NEAR_S = 0.3  # windows of 200 ms see an edit from outside
_SECOND = f"{STAGE}-2"


def write_version(stem: Path, folder: Path) -> Path:
    """Write a stem to a folder, with two seconds of it 12 dB down; return the path."""
    folder.mkdir(exist_ok=True)
    samples, sample_rate = soundfile.read(stem, dtype="float32")
    start, end = (round(seconds * sample_rate) for seconds in QUIET_S)
    samples[start:end] *= np.float32(_QUIETER)
    path = folder / f"{stem.stem}-2{stem.suffix}"
    soundfile.write(path, samples, sample_rate, subtype=soundfile.info(stem).subtype)
    return path


def with_second_version(scenario: Scenario, edited: Path) -> Scenario:
    """Return the scenario with a mix of the edited stem, and both mixes compared."""
    stem = next(case for case in scenario.cases if case.name == EDITED)
    first = next(case for case in scenario.cases if case.output == "mix")
    if stem.upload is None:
        raise ValueError(f"{EDITED} is not uploaded.")
    key = f"{stem.upload.key.rpartition('/')[0]}-2/{edited.name}"
    stems = {"before": stem.upload.key, "after": key}
    second = _second_mix(first, stems, content=edited.read_bytes())
    return Scenario([*scenario.cases, second, _comparison((first, second), stems)])


def _second_mix(first: Case, stems: Mapping[str, str], *, content: bytes) -> Case:
    """Return the first mix once more, with the newer one of two stems."""
    mixed = msgspec.convert(first.message["kwargs"]["stem_paths"], list[str])
    keys = {stems["before"]: stems["after"]}
    paths = [keys.get(path, path) for path in mixed]
    return Case(
        f"{first.name}, version 2",
        f"mix, {Path(EDITED).stem} changed",
        _SECOND,
        celery_message(
            "mix_stems_and_upload",
            _SECOND,
            {"stageId": _SECOND, "stem_paths": paths, "timestamp": now()},
        ),
        replace(first.expected, event="mixing-complete"),
        Upload(stems["after"], content),
        output="mix-2",
        after=first.after,
    )


def _comparison(mixes: tuple[Case, Case], stems: Mapping[str, str]) -> Case:
    """Return the comparison of two mixes, and of two versions of one stem."""
    before, after = mixes
    pairs = [{"before": _mixed_key(before), "after": _mixed_key(after)}, {**stems}]
    fields: dict[str, object] = {"stageId": STAGE, "pairs": pairs, "timestamp": now()}
    return Case(
        "both versions",
        "comparison",
        STAGE,
        celery_message("compare_mixes", STAGE, fields),
        Expected(event="comparison-complete", states=MIX_STATES),
        output="mix",
        after=(before.name, after.name),
    )


def _mixed_key(case: Case) -> str:
    ts = epoch_ms(str(case.message["kwargs"]["timestamp"]))
    return f"mixed/{case.subject}_mixed_{ts}.wav"


def reports_in(document_path: Path) -> dict[str, dict[str, object]]:
    """Return a document's reports by the names of the compared files."""
    document = json.loads(document_path.read_bytes())
    return dict(zip(("the mix", EDITED), document["pairs"], strict=True))


def sentences(reports: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return one sentence about each compared pair."""
    return [sentence_of({"pair": name, **each}) for name, each in reports.items()]


def comparison_faults(reports: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    """Yield a fault for a missed edit, and for each region outside the edited time."""
    for name, report in reports.items():
        regions = msgspec.convert(report.get("regions", []), list[dict[str, float]])
        if not regions:
            yield f"no change was found in {name}"
        for region in regions:
            first, last = QUIET_S[0] - _NEAR_S, QUIET_S[1] + _NEAR_S
            if not first <= region["start"] < region["end"] <= last:
                yield f"{name} is the same at {region['start']}-{region['end']} s"
