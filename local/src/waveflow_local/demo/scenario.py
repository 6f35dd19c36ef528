"""List the messages of `waveflow run`, and how each execution must end."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict
from unicodedata import normalize

from waveflow_local.paths import LocalError

USER, TRACK, STAGE = "user-1", "track-1", "stage-1"
STEREO_MIX = "stereo-mix"  # the stage of the mix with faders, and its files' name
_OF_MIXES = ("mix", STEREO_MIX)
MAX_MIX = 64  # the contract's limit of stems in a mix
ANALYSED_STATES = 7  # states of a new upload with `analysis: true`
NEW_STATES, MIX_STATES, FAILURE_STATES = 6, 3, 4
# Options that a page needs for zooming into a recording and playing it.
_FOR_A_PAGE: dict[str, object] = {
    "waveform": {"zoom_levels": [256, 1024]},
    "previews": ["opus"],
    "audio_id": True,
}
_LOUD_STEREO: dict[str, object] = {"loudness": {"integrated": -14}}
_FADERS: tuple[dict[str, object], ...] = ({"gain_db": -3}, {"gain_db": -1, "pan": 0.2})
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._-]+")
_SHOWN = 80  # Hangul of three bytes and "_zoom" fit into a name of 255 bytes
_BROKEN = b"This is a text file that somebody renamed to .wav.\n"


@dataclass(frozen=True)
class Expected:
    """Describe the end that an execution must have: status, verdict, webhook, code."""

    status: str = "SUCCEEDED"
    verdict: str = ""
    event: str = "completion"
    told: str = "SUCCESS"
    code: str = ""
    states: int = NEW_STATES


@dataclass(frozen=True)
class Upload:
    """Name a file that is uploaded to S3 before its message is sent."""

    key: str
    content: bytes


class CeleryMessage(TypedDict):
    """Carry one Celery task, in the shape that the platform's server sends."""

    task: str
    id: str
    args: list[str]
    kwargs: dict[str, object]


@dataclass(frozen=True)
class Case:
    """Describe one message, its upload, its expected end and its predecessors."""

    name: str
    what: str
    subject: str
    message: CeleryMessage
    expected: Expected
    upload: Upload | None = None
    output: str = ""  # the name of the output files, without a suffix
    after: tuple[str, ...] = ()
    redelivers: bool = False


@dataclass(frozen=True)
class Scenario:
    """Hold the cases of one run, in the order of the table."""

    cases: list[Case] = field(default_factory=list)


def demonstration(stems: Sequence[Path]) -> Scenario:
    """Return the cases of `make run`: messages that succeed, and that must fail."""
    uploads = _stem_cases([(path, path.name) for path in stems])
    first, last = uploads[0], uploads[-1]
    broken = _upload("broken.wav", "broken", _BROKEN)
    unsupported = Expected(
        "FAILED", verdict="new", told="FAILURE", code="UNSUPPORTED_MEDIA", states=7
    )
    invalid = Expected(
        "FAILED", told="FAILURE", code="INVALID_MESSAGE", states=FAILURE_STATES
    )
    message = _hash_message("incomplete", "incomplete.wav", "audio/incomplete.wav")
    del message["kwargs"]["filepath"]
    return Scenario(
        [
            *uploads,
            _copy_case(first),
            _redelivery_case(last),
            *_mix_cases(uploads),
            Case(
                "broken.wav",
                "not audio",
                "broken",
                _hash_message("broken", "broken.wav", broken.key),
                unsupported,
                broken,
            ),
            Case("(no filepath)", "missing field", "incomplete", message, invalid),
        ]
    )


def own_files(files: Sequence[tuple[Path, str]]) -> Scenario:
    """Return the cases for a user's audio files, each with its name: uploads, mixes."""
    uploads = _stem_cases(files)
    return Scenario([*uploads, *_mix_cases(uploads)])


def _stem_cases(files: Sequence[tuple[Path, str]]) -> list[Case]:
    cases: list[Case] = []
    first_of: dict[str, Case] = {}
    stems = [normalize("NFC", path.stem) for path, _ in files]
    subjects = _unique([_NOT_IN_AN_ID.sub("-", s)[:100].strip("-.") for s in stems])
    shown = _unique([stem[:_SHOWN] for stem in stems])
    for (path, name), subject, output in zip(files, subjects, shown, strict=True):
        content = _read(path)
        digest = hashlib.sha256(content).hexdigest()
        upload = _upload(path.name, subject, content)
        case = _stem_case(name, subject, upload, first_of.get(digest))
        first_of.setdefault(digest, case)
        cases.append(replace(case, output=output))
    return cases


def _mix_cases(uploads: Sequence[Case]) -> list[Case]:
    """Return both mixes of the uploads that no other upload repeats."""
    mixed = [case for case in uploads if not case.after][:MAX_MIX]
    return [_mix_case(mixed), _stereo_case(mixed)]


def _stem_case(name: str, subject: str, upload: Upload, first: Case | None) -> Case:
    filename = upload.key.rpartition("/")[2]
    if first is None:
        asked = {"analysis": True, **_FOR_A_PAGE}
        message = _hash_message(subject, filename, upload.key, asked=asked)
        expected = Expected(verdict="new", states=ANALYSED_STATES)
        return Case(name, "new upload", subject, message, expected, upload)
    message = _hash_message(subject, filename, upload.key)
    return Case(
        name,
        f"same as {first.name}",
        subject,
        message,
        Expected(verdict="duplicate", told="DUPLICATE"),
        upload,
        after=(first.name,),
    )


def _copy_case(first: Case) -> Case:
    if first.upload is None:
        raise LocalError("The first case uploads nothing.")
    stem, dot, suffix = first.name.rpartition(".")
    name = f"{stem}-copy{dot}{suffix}" if dot else f"{first.name}-copy"
    subject = f"{first.subject}-copy"
    upload = _upload(name, subject, first.upload.content)
    return _stem_case(name, subject, upload, first)


def _redelivery_case(case: Case) -> Case:
    return Case(
        f"{case.name} (again)",
        "redelivered",
        case.subject,
        case.message,
        case.expected,
        after=(case.name,),
        redelivers=True,
    )


def _mix_case(stems: Sequence[Case]) -> Case:
    return Case(
        f"mix of {len(stems)}",
        "mix",
        STAGE,
        _mix_message(STAGE, stems),
        Expected(event="mixing-complete", states=MIX_STATES),
        output="mix",
        after=tuple(stem.name for stem in stems),
    )


def _stereo_case(stems: Sequence[Case]) -> Case:
    faders = zip(_keys(stems), _FADERS, strict=False)
    asked = {
        "mix": _LOUD_STEREO,
        "stems": [{"path": key, **fader} for key, fader in faders],
    }
    return Case(
        f"stereo mix of {len(stems)}",
        "mix at -14 LUFS",
        STEREO_MIX,
        _mix_message(STEREO_MIX, stems, asked=asked),
        Expected(event="mixing-complete", states=MIX_STATES),
        output=STEREO_MIX,
        after=tuple(stem.name for stem in stems),
    )


def _keys(stems: Sequence[Case]) -> list[str]:
    return [stem.upload.key for stem in stems if stem.upload]


def _mix_message(
    stage: str, stems: Sequence[Case], *, asked: Mapping[str, object] | None = None
) -> CeleryMessage:
    kwargs: dict[str, object] = {
        "stageId": stage,
        "stem_paths": _keys(stems),
        "timestamp": now(),
        **_FOR_A_PAGE,
        **(asked or {}),
    }
    return celery_message("mix_stems_and_upload", stage, kwargs)


def _hash_message(
    subject: str,
    filename: str,
    key: str,
    *,
    asked: Mapping[str, object] | None = None,
) -> CeleryMessage:
    kwargs: dict[str, object] = {
        "userId": USER,
        "trackId": TRACK,
        "stemId": subject,
        "stageId": STAGE,
        "filepath": key,
        "timestamp": now(),
        "original_filename": filename,
        **(asked or {}),
    }
    return celery_message("generate_hash_and_webhook", subject, kwargs)


def celery_message(task: str, subject: str, kwargs: dict[str, object]) -> CeleryMessage:
    """Return a Celery message of the shape that the platform's server sends."""
    identity = hashlib.sha256(json.dumps(kwargs).encode()).hexdigest()[:8]
    return {
        "task": f"app.tasks.{task}",
        "id": f"{subject}-{identity}",
        "args": [],
        "kwargs": kwargs,
    }


def _upload(name: str, subject: str, content: bytes) -> Upload:
    return Upload(f"users/{USER}/stems/{subject}/{name}", content)


def _unique(stems: Sequence[str]) -> list[str]:
    """Return a unique name for each file: its stem, or the stem and a number."""
    return [
        stem
        if stem and stem not in _OF_MIXES and stems.count(stem) == 1
        else f"{stem or 'file'}-{index}"
        for index, stem in enumerate(stems, start=1)
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise LocalError(f"{path} cannot be read: {exc.strerror}.") from exc


def now() -> str:
    """Return the time now as messages carry it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
