"""Send webhooks to the platform's server; never touch audio or S3 objects."""

import msgspec

from waveflow.errors import WaveflowError, WebhookUnavailableError
from waveflow.events.deliveries import (
    Delivery,
    delivery_of_failure,
    delivery_of_outcome,
    delivery_of_question,
)
from waveflow.events.failures import ERRORS, code_of, sentence_of
from waveflow.events.fields import JsonObject
from waveflow.events.flow import (
    AskRequest,
    NotifyRequest,
    NotifyResult,
    TellFailureRequest,
    TellRequest,
    UndeliveredRequest,
)
from waveflow.events.messages import Job
from waveflow.events.normalise import read_job
from waveflow.ports import Policy, TaskTokens, Webhook

ANSWER_FIELDS = ("verdict", "duplicate_of", "num_peaks")


def notify(
    request: NotifyRequest, *, webhook: Webhook, tokens: TaskTokens, policy: Policy
) -> NotifyResult:
    """Send one webhook, or close the task's token where no webhook is needed."""
    match request:
        case AskRequest():
            _ask(request, webhook=webhook, tokens=tokens, policy=policy)
            return NotifyResult()
        case UndeliveredRequest():
            _fail_again(request.error)
            return NotifyResult()
        case TellRequest():
            _deliver(delivery_of_outcome(request.job, request.outcome), webhook=webhook)
            return NotifyResult()
        case TellFailureRequest():
            return _tell_failure(request, webhook=webhook)


def _ask(
    request: AskRequest, *, webhook: Webhook, tokens: TaskTokens, policy: Policy
) -> None:
    if request.verdict is not None:
        tokens.succeed(request.task_token, msgspec.to_builtins(request.verdict))
        return
    answer = _deliver(delivery_of_question(request), webhook=webhook)
    if policy.verdict_mode == "message":
        tokens.succeed(request.task_token, {"verdict": "hold"})
    elif "verdict" in answer:
        given = {name: answer[name] for name in ANSWER_FIELDS if name in answer}
        tokens.succeed(request.task_token, given)


def _fail_again(error: JsonObject | None) -> None:
    """Raise the undelivered /hash-check's error; return where a redrive cleared it."""
    if error is None:
        return
    kind = ERRORS[str(error.get("Error"))]
    raise kind(sentence_of(error))


def _tell_failure(request: TellFailureRequest, *, webhook: Webhook) -> NotifyResult:
    code = code_of(str(request.error.get("Error")))
    delivery = delivery_of_failure(request, _find_job(request), code=code)
    if delivery is not None:
        _deliver(delivery, webhook=webhook)
    return NotifyResult(code=code, sentence=sentence_of(request.error))


def _find_job(request: TellFailureRequest) -> Job | None:
    try:
        return read_job(request)
    except WaveflowError:
        return None  # the message may be invalid itself


def _deliver(delivery: Delivery, *, webhook: Webhook) -> JsonObject:
    """Send the webhook and return the JSON object of the response, or an empty one."""
    body = webhook.post(delivery.path, delivery.payload, webhook_id=delivery.webhook_id)
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}  # any other body means "received"
    if not isinstance(answer, dict):
        return {}
    if answer.get("status") == "error":
        raise WebhookUnavailableError("The server answered with the status 'error'.")
    return answer
