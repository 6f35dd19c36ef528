"""Send the stand-in's verdicts, by task token or as the next queue message."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError
from waveflow.events.messages import DEFAULT_NUM_PEAKS

from waveflow_local.standin.behaviours import Rule
from waveflow_local.standin.table import OlderStem

if TYPE_CHECKING:
    from waveflow_local.engine.clients import Clients

VerdictMode = Literal["callback", "message"]
Event = Mapping[str, object]
GARBAGE = {"verdict": "perhaps"}
_CARRIED = (
    "userId",
    "trackId",
    "stemId",
    "filepath",
    "audio_hash",
    "timestamp",
    "original_filename",
)
# The verdict of behaviours that do not look into the table of stems.
_WORDS = {
    "new": "new",
    "twice": "new",
    "late": "new",
    "hold": "hold",
    "duplicate": "duplicate",
}


@dataclass(frozen=True)
class SentAnswer:
    """Hold one verdict that was sent, and the AWS error code where it was refused."""

    subject: str
    output: object
    refused: str | None


def verdict_for(rule: Rule, survivor: OlderStem | None) -> object:
    """Return the stand-in's verdict on a stem, by its rule and an older equal stem."""
    if rule.output is not None:
        return rule.output
    named = survivor and {"stemId": survivor.stem_id, "filepath": survivor.filepath}
    if rule.behaviour == "garbage":
        return GARBAGE
    word = _WORDS.get(rule.behaviour, "duplicate" if named else "new")
    if word == "duplicate" and named:
        return {"verdict": word, "duplicate_of": named}
    return {"verdict": word}


def next_message(
    event: Event, verdict: Mapping[str, object]
) -> dict[str, object] | None:
    """Return the queue message that brings a verdict, in place of a task token."""
    carried = {name: event[name] for name in _CARRIED if event.get(name) is not None}
    match verdict["verdict"]:
        case "hold":
            return None
        case "duplicate":
            task = "process_duplicate_file"
            carried["duplicate_of"] = verdict.get("duplicate_of")
        case _:
            task = "process_audio_analysis"
            carried["num_peaks"] = verdict.get("num_peaks", DEFAULT_NUM_PEAKS)
    return {
        "task": f"app.tasks.{task}",
        "id": f"{task}-{event['task_id']}",
        "args": [],
        "kwargs": carried,
    }


@dataclass
class Answers:
    """Send the stand-in's verdicts to WaveFlow, once `clients` names the engine."""

    mode: VerdictMode = "callback"
    clients: "Clients | None" = None
    queue_url: str = ""
    sent: list[SentAnswer] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def give_soon(self, event: Event, rule: Rule, output: object) -> None:
        """Send a verdict from a thread, as a server does after its 2xx response."""
        thread = threading.Thread(
            target=self._give_by_rule, args=(event, rule, output), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def give(self, event: Event, output: object) -> SentAnswer:
        """Send a verdict on one /hash-check request now."""
        refused: str | None = None
        try:
            if self.mode == "message":
                self._send_message(event, output)
            else:
                self._ready().sfn.send_task_success(
                    taskToken=str(event["task_token"]), output=json.dumps(output)
                )
        except ClientError as exc:
            # The task token is closed or unknown: no verdict is needed any more.
            refused = exc.response["Error"]["Code"]
        return self._note(event, output, refused)

    def fail(self, event: Event) -> SentAnswer:
        """Answer one /hash-check request by SendTaskFailure."""
        refused: str | None = None
        try:
            self._ready().sfn.send_task_failure(
                taskToken=str(event["task_token"]),
                error="NoVerdict",
                cause="The stand-in cannot say.",
            )
        except ClientError as exc:
            refused = exc.response["Error"]["Code"]
        return self._note(event, None, refused)

    def _give_by_rule(self, event: Event, rule: Rule, output: object) -> None:
        try:
            if rule.behaviour == "late":
                threading.Event().wait(rule.delay_s)
            if rule.behaviour == "fail":
                self.fail(event)
                return
            self.give(event, output)
            if rule.behaviour == "twice":
                self.give(event, {"verdict": "hold"})
        except BotoCoreError as exc:
            # The engine ended before the stand-in answered.
            self._note(event, output, type(exc).__name__)

    def _send_message(self, event: Event, verdict: object) -> None:
        if not isinstance(verdict, Mapping):
            return  # anything but a JSON object is no verdict to send
        message = next_message(event, verdict)
        if message is not None:
            self._ready().sqs.send_message(
                QueueUrl=self.queue_url, MessageBody=json.dumps(message)
            )

    def _ready(self) -> "Clients":
        if self.clients is None:
            raise RuntimeError("The stand-in is not connected to an engine.")
        return self.clients

    def _note(self, event: Event, output: object, refused: str | None) -> SentAnswer:
        answer = SentAnswer(str(event.get("stemId")), output, refused)
        self.sent.append(answer)
        return answer
