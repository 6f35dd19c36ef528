"""Ask what only AWS answers: pipe, redrive, metrics, missing keys, streams."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from waveflow_local.ops.smoke_stream import ask_stream
from waveflow_local.ops.smoke_trial import CannotAskError, NoError, Trial

QUOTES = "she said \"hello\" and {'bye'} \\"  # no JSON, on purpose
# Error of each state's function about an object that is missing.
MISSING = {
    "Hash": "ObjectNotFoundError",
    "Waveform": "ObjectNotFoundError",
    "Music": "ObjectNotFoundError",
    "Mix": "StemMissingError",
    "Compare": "StemMissingError",
    "DedupeDelete": "DedupeRefusedError",
}


@dataclass(frozen=True)
class Question:
    """Hold a question, the function that asks a stack, and what to do on a no.

    `ask` returns for yes, raises `NoError` for no, and `CannotAskError` where the
    question cannot be put to this stack.
    """

    text: str
    ask: Callable[[Trial], None]
    on_no: str


def ask_pipe(trial: Trial) -> None:
    """Ask whether a message starts an execution of the machine's alias."""
    record = trial.record(trial.key_of("missing"))
    _send(trial, json.dumps(record["body"]))
    arn = _started(trial, record["body"])
    if trial.stack.parts.alias_arn is None:
        raise CannotAskError("The local engine's pipe works; it knows no alias.")
    trial.ended(arn)


def ask_quotes(trial: Trial) -> None:
    """Ask whether a body that is no JSON reaches the state machine as it was sent."""
    body = f"{QUOTES} {trial.name}"
    _send(trial, body)
    trial.ended(_started(trial, body))


def ask_redrive(trial: Trial) -> None:
    """Ask whether a redriven question to the server is asked a second time."""
    sfn, record = trial.stack.sfn, trial.record(trial.upload())
    arn = sfn.start_execution(
        stateMachineArn=trial.target,
        name=f"{trial.name}-ask",
        input=json.dumps([record]),
    )["executionArn"]
    if (error := trial.ended(arn)) != "WebhookRejectedError":
        raise NoError(f"The question failed with {error}, not for the server's 404.")
    if trial.stack.is_local:
        raise CannotAskError("The local engine has no redrive.")
    sfn.redrive_execution(executionArn=arn)
    trial.ended(arn, redrives=1)
    history = sfn.get_execution_history(executionArn=arn, maxResults=100)
    names = [
        event["stateEnteredEventDetails"]["name"]
        for event in history["events"]
        if "stateEnteredEventDetails" in event
    ]
    if names.count("Ask") != 2:  # noqa: PLR2004 - before the redrive, and after
        raise NoError(f"The states were {', '.join(names)}.")


def ask_fill(trial: Trial) -> None:
    """Ask whether FILL turns a metric without any point into zeros."""
    if trial.stack.is_local:
        raise CannotAskError("The local engine has no CloudWatch.")
    metric = {"Namespace": "WaveFlow", "MetricName": trial.name}
    until = datetime.now(UTC)
    queries = [
        {
            "Id": "none",
            "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"},
            "ReturnData": False,
        },
        {"Id": "filled", "Expression": "FILL(none, 0)"},
    ]
    answer = trial.stack.cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=until - timedelta(hours=1), EndTime=until
    )
    values = answer["MetricDataResults"][0]["Values"]
    if not values or any(values):
        raise NoError(f"FILL(none, 0) gave {values}.")


def ask_missing_keys(trial: Trial) -> None:
    """Ask each stage's function about an object that is missing."""
    functions = _functions(trial)
    key = trial.upload()
    start = {"start": datetime.now(UTC).isoformat(), "name": trial.name}
    entry = {"record": trial.record(key), **start}
    pinned = trial.invoke(functions["Hash"], entry)
    if "source" not in pinned:
        raise NoError(f"Hash cannot read {key}: {pinned.get('errorType')}.")
    trial.remove(key)
    mixed = {"task": "mix_stems_and_upload", "stem_paths": [key]}
    compared = {"task": "compare_mixes", "pairs": [{"after": key}]}
    events: dict[str, Mapping[str, object]] = {
        name: {"job": pinned["job"], "source": pinned["source"]} for name in MISSING
    }
    events["Hash"] = entry
    for name, fields in (("Mix", mixed), ("Compare", compared)):
        record = trial.record(key, stageId=trial.name, **fields)
        events[name] = {"record": record, **start}
    wrong = list(_wrong_answers(trial, functions, events))
    if wrong:
        raise NoError(f"{'; '.join(wrong)}.")


def _wrong_answers(
    trial: Trial, functions: dict[str, str], events: dict[str, Mapping[str, object]]
) -> Iterator[str]:
    for state, expected in MISSING.items():
        seen = trial.invoke(functions[state], events[state]).get("errorType")
        if seen != expected:
            yield f"{state} answers {seen}, not {expected}"


def _functions(trial: Trial) -> dict[str, str]:
    """Return the ARN of the Lambda function of each state."""
    described = trial.stack.sfn.describe_state_machine(
        stateMachineArn=trial.stack.parts.machine_arn
    )
    states: dict[str, Any] = json.loads(described["definition"])["States"]
    return {
        name: state["Arguments"]["FunctionName"]
        for name, state in states.items()
        if name in MISSING
    }


def _send(trial: Trial, body: str) -> None:
    trial.stack.sqs.send_message(QueueUrl=trial.stack.parts.queue_url, MessageBody=body)


def _started(trial: Trial, body: object) -> str:
    """Return the ARN of the execution that the pipe started with a message's body."""
    looked_at = set[str]()

    def look() -> str | None:
        listed = trial.stack.sfn.list_executions(
            stateMachineArn=trial.target, maxResults=20
        )
        for each in listed["executions"]:
            arn = each["executionArn"]
            if arn in looked_at:
                continue
            looked_at.add(arn)
            if trial.record_of(arn).get("body") == body:
                return arn
        return None

    if (found := trial.wait_for(look)) is None:
        raise NoError("The message started no execution.")
    return found


QUESTIONS = (
    Question(
        "Does the pipe start executions of the machine's alias?",
        ask_pipe,
        "Make the machine itself the pipe's Target (`!Ref Machine`), and deploy.",
    ),
    Question(
        "Does a body that is no JSON, with quotes, reach the machine as sent?",
        ask_quotes,
        "Such a message ends untold in the dead-letter queue: look there.",
    ),
    Question(
        "Does a redriven question ask the server again?",
        ask_redrive,
        "Do not use `waveflow ops redrive` for AskUndelivered: send the message again.",
    ),
    Question(
        "Does FILL turn a metric without points into zeros?",
        ask_fill,
        "Alarms with FILL stay silent then: watch ExecutionsFailed of the machine.",
    ),
    Question(
        "Is a missing key 404 for the role of each function?",
        ask_missing_keys,
        "Give the role s3:ListBucket on the prefix that the function reads.",
    ),
    Question(
        "Does the HTTP API stream events as they happen?",
        ask_stream,
        "Compare InvokeMode and AWS_LWA_INVOKE_MODE of the deployed function.",
    ),
)
