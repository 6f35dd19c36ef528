"""Find the parts of a deployed stack that an operator works on."""

import contextlib
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from waveflow_local import paths
from waveflow_local.paths import LocalError, web_address

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_ANSWER_S = 10.0
LOCAL = "local"  # `--stack local` means the engine of `waveflow up`


@dataclass(frozen=True)
class Parts:
    """Hold the names, URLs and ARNs of a deployed stack's parts."""

    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    machine_arn: str
    secret_arn: str
    webhook_url: str
    webhook_allowed_cidrs: str = ""
    # The local engine has none of the following parts.
    name: str = ""
    alias_arn: str | None = None
    pipe_name: str | None = None
    api_secret_arn: str | None = None
    external_secret_arn: str | None = None
    api_url: str | None = None
    allowed_prefixes: tuple[str, ...] = ()
    quarantine_days: int = 0
    zoom_levels: tuple[int, ...] = ()


class Stack:
    """Hold one stack's parts, and make each AWS client when first needed."""

    def __init__(
        self, parts: Parts, session: "Session", endpoint: str | None = None
    ) -> None:
        self.parts = parts
        self._session = session
        self._endpoint = endpoint

    @property
    def is_local(self) -> bool:
        """Tell whether the stack is the local engine, where plain HTTP is allowed."""
        return self._endpoint is not None

    @cached_property
    def s3(self) -> "S3Client":
        """Return a boto3 client of S3."""
        return self._client("s3")  # type: ignore[no-any-return] # by its name

    @cached_property
    def sqs(self) -> "SQSClient":
        """Return a boto3 client of SQS."""
        return self._client("sqs")  # type: ignore[no-any-return] # by its name

    @cached_property
    def sfn(self) -> "SFNClient":
        """Return a boto3 client of Step Functions."""
        return self._client("stepfunctions")  # type: ignore[no-any-return] # by its name

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Return a boto3 client of Secrets Manager."""
        return self._client("secretsmanager")  # type: ignore[no-any-return] # by its name

    @cached_property
    def pipes(self) -> Any:
        """Return a boto3 client of EventBridge Pipes."""
        return self._client("pipes")

    @cached_property
    def cloudwatch(self) -> Any:
        """Return a boto3 client of CloudWatch."""
        return self._client("cloudwatch")

    @cached_property
    def logs(self) -> Any:
        """Return a boto3 client of CloudWatch Logs."""
        return self._client("logs")

    @cached_property
    def functions(self) -> Any:
        """Return a boto3 client of Lambda."""
        return self._client("lambda")

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        # A company's proxy knows no engine on loopback.
        config = Config(proxies={}) if self.is_local else None
        return self._session.client(service, endpoint_url=self._endpoint, config=config)


def open_stack(name: str) -> Stack:
    """Return the deployed stack of that name, or the local engine for `local`."""
    import boto3
    from botocore.parsers import ResponseParserError

    named = os.environ.get(paths.ENDPOINT_VARIABLE)
    if name == LOCAL:
        endpoint = web_address(named or paths.DEFAULT_ENDPOINT)
        return local_stack(endpoint, webhook_url=ask_engine(endpoint))
    try:
        # boto3 reads AWS_DEFAULT_REGION alone; other clients of AWS read AWS_REGION.
        region = boto3.session.Session().region_name or os.environ.get("AWS_REGION")
        session = boto3.session.Session(region_name=region)
        answer = session.client("cloudformation").describe_stacks(StackName=name)
    except ResponseParserError as exc:
        # The parser's message quotes the whole answer, often a page of HTML.
        raise _unreadable(name, "the answer is not one of AWS", named) from exc
    # botocore raises ValueError for an address that is none.
    except (BotoCoreError, ClientError, ValueError) as exc:
        raise _unreadable(name, exc, named) from exc
    return Stack(parts_of(answer["Stacks"][0]), session)


def _unreadable(name: str, reason: object, endpoint: str | None) -> LocalError:
    """Return the error for an unreadable stack; of a local engine, name its option."""
    if not endpoint:
        return LocalError(f"The stack {name} cannot be read: {reason}")
    with contextlib.suppress(LocalError):
        ask_engine(endpoint)
        return LocalError(f"{endpoint} is a local engine: say --stack {LOCAL}.")
    return LocalError(f"The stack {name} cannot be read at {endpoint}: {reason}")


def parts_of(described: Any) -> Parts:
    """Read a stack's names, URLs and ARNs from CloudFormation's description."""
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    parameters = {
        p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", [])
    }
    try:
        return Parts(
            bucket=outputs["BucketName"],
            queue_url=outputs["QueueUrl"],
            dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
            machine_arn=outputs["MachineArn"],
            secret_arn=outputs["WebhookSecretArn"],
            webhook_url=parameters["WebhookUrl"],
            webhook_allowed_cidrs=parameters.get("WebhookAllowedCidrs", ""),
            name=described["StackName"],
            alias_arn=outputs.get("MachineAliasArn"),
            pipe_name=outputs.get("PipeName"),
            api_secret_arn=outputs.get("ApiSecretArn"),
            external_secret_arn=parameters.get("ApiExternalSecretArn") or None,
            api_url=outputs.get("ApiUrl"),
            allowed_prefixes=tuple(parameters["AllowedPrefixes"].split(",")),
            quarantine_days=int(parameters["QuarantineDays"]),
            zoom_levels=_numbers(parameters.get("ZoomLevels", "")),
        )
    except KeyError as exc:
        raise LocalError(f"The stack has no {exc}; is it WaveFlow's?") from exc


def _numbers(listed: str) -> tuple[int, ...]:
    return tuple(int(number) for number in listed.split(",") if number)


def ask_engine(endpoint: str) -> str:
    """Return the address to which the local engine at `endpoint` sends webhooks.

    Raises
    ------
    LocalError
        No local engine answers there.
    """
    import requests

    from waveflow_local.engine.webhook_address import ADDRESS_PATH

    try:
        with requests.Session() as session:
            session.trust_env = False  # a company's proxy knows no engine on loopback
            answer = session.get(f"{endpoint}{ADDRESS_PATH}", timeout=_ANSWER_S)
            answer.raise_for_status()
    except (requests.RequestException, ValueError) as exc:
        raise LocalError(
            f"No local engine answers at {endpoint}: start `waveflow up`, or name its "
            f"address by {paths.ENDPOINT_VARIABLE}."
        ) from exc
    return answer.text


def local_stack(endpoint: str, *, webhook_url: str = "") -> Stack:
    """Return the local engine of `waveflow up` at `endpoint` as a stack.

    Only the commands that look at the server need its `webhook_url`.
    """
    from waveflow_local.engine.clients import local_session

    queues = f"{endpoint}/{paths.ACCOUNT}/{paths.STACK}"
    parts = Parts(
        bucket=paths.BUCKET,
        queue_url=queues,
        dead_letter_queue_url=f"{queues}-dead-letter-queue",
        machine_arn=paths.arn("states", f"stateMachine:{paths.STACK}"),
        secret_arn=f"{paths.STACK}-webhook-secret",
        webhook_url=webhook_url,
        webhook_allowed_cidrs="127.0.0.0/8",
    )
    return Stack(parts, local_session(), endpoint)
