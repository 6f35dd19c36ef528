"""Parse a queue record of any of three message shapes into one typed job.

This is the only reader of messages. The state machine looks at the task word
alone, and a test holds its reading to `task_of`.
"""

import json

import msgspec
from msgspec import Struct

from waveflow.errors import InvalidIdError, InvalidMessageError, WaveflowError
from waveflow.events.fields import Id, JobId, JsonObject, Timestamp, epoch_ms
from waveflow.events.messages import MESSAGES, CompareMessage, Job, Message
from waveflow.events.options import OPTIONS, conflicting_options
from waveflow.events.pairs import empty_pairs
from waveflow.events.validation import find_faults, is_valid, refusal_of

TASK_PREFIX = "app.tasks."
STAGE_TASKS = ("mix_stems_and_upload", "compare_mixes")  # the others are about stems
OPTION_DEPTH = 2  # `mix.loudness.true_peak`, `stems[0].pan`


class Entry(Struct, frozen=True, kw_only=True):
    """Hold a queue record, and start time and name of its execution."""

    record: object
    start: str
    name: str
    retries: int = 0


def read_job(entry: Entry) -> Job:
    """Return the job of a queue record, or raise naming the message's invalid fields.

    Raises `InvalidMessageError`, `InvalidIdError`, `InvalidNumPeaksError` or
    `PathNotAllowedError`; the sentence lists names of fields, never values.
    """
    body = _body(entry.record)
    task = task_of(body)
    if task not in MESSAGES:
        raise InvalidMessageError("The message has an unknown task.")
    model = MESSAGES[task]
    values = fields_of(body)
    message = _convert(_without_nulls(values), model)
    return Job(
        job_id=_job_id(entry, body, values),
        ts=_ts(entry, values),
        message=message,
        extra=_extra(values, model),
    )


def task_of(body: JsonObject) -> str:
    """Return a message's task word, guessed from the fields where none is given."""
    if "task" in body:
        task = body["task"]
        return task.removeprefix(TASK_PREFIX) if isinstance(task, str) else ""
    if "stem_paths" in body:
        return "mix_stems_and_upload"
    if "audio_hash" in body:
        analysis = "num_peaks" in body
        return "process_audio_analysis" if analysis else "process_duplicate_file"
    return "generate_hash_and_webhook"


def fields_of(body: JsonObject) -> JsonObject:
    """Return a message's own fields, from a bare body or from Celery's `kwargs`."""
    if "task" in body and body.get("args"):
        raise InvalidMessageError("The message has positional args; use kwargs.")
    if "task" not in body or "kwargs" not in body:
        return {name: value for name, value in body.items() if name != "task"}
    if not isinstance(body["kwargs"], dict):
        raise InvalidMessageError("The message's kwargs are not an object.")
    return {name: value for name, value in body["kwargs"].items() if name != "task"}


def find_fields(record: object) -> JsonObject:
    """Return the message fields of a queue record, however broken the message is."""
    body = record.get("body") if isinstance(record, dict) else None
    if not isinstance(body, dict):
        return {}
    kwargs = body.get("kwargs")
    own = {**body, **kwargs} if isinstance(kwargs, dict) else body
    envelope = {"task", "kwargs", "args", "id"} if "kwargs" in body else {"task"}
    return {
        name: value
        for name, value in own.items()
        if name not in envelope and is_json(value)
    }


def find_task(record: object) -> str:
    """Return the task word of a queue record; empty where the message is no object."""
    body = record.get("body") if isinstance(record, dict) else None
    return task_of(body) if isinstance(body, dict) else ""


def find_ids(record: object) -> dict[str, str]:
    """Return the valid ids in a queue record, however broken its message is."""
    names = ("stemId", "userId", "trackId", "stageId", "upstreamId")
    found = find_fields(record)
    return {name: found[name] for name in names if is_valid(found.get(name), Id)}


def is_json(value: object) -> bool:
    """Tell whether a value can be written as JSON, without NaN or infinity."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


def find_job_id(entry: Entry) -> str:
    """Return the job id for a queue record, however broken its message is."""
    try:
        body = _body(entry.record)
        fields = fields_of(body)
        try:
            return _job_id(entry, body, fields)
        except InvalidIdError:
            return _own_id(entry, body, fields)
    except WaveflowError:
        return _carrier(entry)


def mix_request_of(entry: Entry) -> JsonObject:
    """Return the fields that decide how a mix sounds, without members that are null."""
    values = _without_nulls(fields_of(_body(entry.record)))
    names = ("stem_paths", "mix", "stems")
    return {name: values[name] for name in names if name in values}


def find_refusal_id(entry: Entry) -> str:
    """Return the job id for the refusal of a job whose stage and time are taken.

    The id made of stage and time belongs to the first request, so that a message
    without an id of its own gets the id of its queue record.
    """
    return find_job_id(entry) if _has_id(_body(entry.record)) else _carrier(entry)


def _body(record: object) -> JsonObject:
    body = record.get("body") if isinstance(record, dict) else None
    if not isinstance(body, dict):
        raise InvalidMessageError("The message is not a JSON object.")
    return body


def _without_nulls(values: JsonObject) -> JsonObject:
    # JavaScript says null where it means absent; num_peaks has its own refusal.
    present = {k: v for k, v in values.items() if v is not None or k == "num_peaks"}
    options = {
        name: _present(present[name], OPTION_DEPTH)
        for name in OPTIONS
        if name in present
    }
    return {**present, **options}


def _present(option: object, depth: int) -> object:
    """Return an option without members that are null, down to the deepest option."""
    if depth and isinstance(option, dict):
        return {k: _present(v, depth - 1) for k, v in option.items() if v is not None}
    if depth and isinstance(option, list):
        return [_present(item, depth - 1) for item in option]
    return option


def _convert(values: JsonObject, model: type[Message]) -> Message:
    fields = msgspec.structs.fields(model)
    missing = [
        f.encode_name for f in fields if f.required and f.encode_name not in values
    ]
    if missing:
        raise InvalidMessageError(f"The message lacks {', '.join(missing)}.")
    known = {f.encode_name for f in fields} & values.keys()
    if excess := [name for name in OPTIONS if name in values and name not in known]:
        raise InvalidMessageError(f"Such a message has no option {', '.join(excess)}.")
    faults: dict[type[WaveflowError], list[str]] = {}
    for f in fields:
        name = f.encode_name
        if name in known and (wrong := find_faults(name, values[name], f.type)):
            faults.setdefault(refusal_of(values[name], f.type), []).extend(wrong)
    for refusal, names in faults.items():
        raise refusal(f"The message has an invalid {', '.join(names)}.")
    conflicts = list(conflicting_options(values))
    if model is CompareMessage:  # any other message carries `pairs` through
        conflicts += empty_pairs(values)
    if conflicts:
        raise InvalidMessageError(f"The message has an invalid {', '.join(conflicts)}.")
    _refuse_twins(values)
    own = {name: values[name] for name in known}
    return msgspec.convert({**own, "task": _tag(model)}, model)


def _tag(model: type[Message]) -> str:
    return next(task for task, known in MESSAGES.items() if known is model)


def _refuse_twins(values: JsonObject) -> None:
    paths = values.get("stem_paths")
    if isinstance(paths, list) and len(set(paths)) < len(paths):
        raise InvalidMessageError("The message names a stem twice in stem_paths.")


def _extra(values: JsonObject, model: type[Message]) -> JsonObject:
    known = {f.encode_name for f in msgspec.structs.fields(model)}.union(OPTIONS)
    extra = {name: value for name, value in values.items() if name not in known}
    if not is_json(extra):
        raise InvalidMessageError("The message has a number that JSON cannot carry.")
    return extra


def _ts(entry: Entry, values: JsonObject) -> int:
    """Return a message's time in epoch ms: its own, the queue's or the execution's."""
    timestamp = values.get("timestamp")
    if timestamp is not None and is_valid(timestamp, Timestamp):
        try:
            return epoch_ms(timestamp)
        except (ValueError, OverflowError) as exc:
            raise InvalidMessageError("The message has an invalid timestamp.") from exc
    record = entry.record if isinstance(entry.record, dict) else {}
    sent = record.get("sentTimestamp")
    if isinstance(sent, str | int) and str(sent).isascii() and str(sent).isdigit():
        return int(sent)
    return epoch_ms(entry.start)


def _job_id(entry: Entry, body: JsonObject, values: JsonObject) -> str:
    """Return a message's job id, which every webhook carries as `task_id`."""
    if _has_id(body):
        if not is_valid(body["id"], JobId):
            raise InvalidIdError("The message has an invalid id.")
        return str(body["id"])
    return _own_id(entry, body, values)


def _has_id(body: JsonObject) -> bool:
    return "kwargs" in body and body.get("id") is not None


def _own_id(entry: Entry, body: JsonObject, values: JsonObject) -> str:
    task = task_of(body)
    subject = values.get("stageId" if task in STAGE_TASKS else "stemId")
    if task in MESSAGES and is_valid(subject, Id):
        return f"{task}-{subject}-{_ts(entry, values)}"
    return _carrier(entry)


def _carrier(entry: Entry) -> str:
    record = entry.record if isinstance(entry.record, dict) else {}
    message_id = record.get("messageId")
    return str(message_id) if is_valid(message_id, JobId) else entry.name
