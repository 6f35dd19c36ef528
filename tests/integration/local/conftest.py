"""Give tests a small project of their own on the engine."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from support.processes import eventually
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.paths import Project

# ruff: noqa: E501 - the template is written as in template.yaml
TEMPLATE = """
Parameters:
  WebhookUrl: {Type: String, Default: ""}
  VerdictTimeoutSeconds: {Type: Number, Default: 900}
Globals:
  Function:
    Environment:
      Variables: {BUCKET_NAME: !Ref Bucket, WEBHOOK_SECRET_ARN: !Ref WebhookSecret}
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  WebhookSecret: {Type: AWS::SecretsManager::Secret}
  DeadLetterQueue: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 0
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn, maxReceiveCount: 2}
  EchoFunction:
    Type: AWS::Serverless::Function
    Metadata: {DockerBuildTarget: echo}
    Properties: {MemorySize: 512, Timeout: 30}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.json
      DefinitionSubstitutions:
        EchoArn: !GetAtt EchoFunction.Arn
        VerdictTimeoutSeconds: !Ref VerdictTimeoutSeconds
  Pipe:
    Type: AWS::Pipes::Pipe
    Properties:
      TargetParameters:
        InputTemplate: '{"messageId": <$.messageId>, "sentTimestamp": <$.attributes.SentTimestamp>, "body": <$.body>}'
"""
MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Echo",
    "States": {
        "Echo": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {
                "FunctionName": "${EchoArn}",
                "Payload": "{% $states.input %}",
            },
            "Output": "{% $states.result.Payload %}",
            "End": True,
        }
    },
}
HANDLER = '''
def lambda_handler(event, context):
    """Return what came."""
    return event
'''

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Write a template, a machine of one state and a handler."""
    root = tmp_path_factory.mktemp("project")
    (root / "template.yaml").write_text(TEMPLATE)
    (root / "machine.json").write_text(json.dumps(MACHINE))
    (root / "functions" / "echo").mkdir(parents=True)
    (root / "functions" / "echo" / "app.py").write_text(HANDLER)
    return Project(root)


@pytest.fixture(scope="module")
def engine(small_project: Project) -> Iterator[Pipeline]:
    """Run an engine whose retries wait a hundredth of what they say."""
    settings = Settings(
        webhook_url="http://127.0.0.1:9", project=small_project, retry_scale=0.01
    )
    with Pipeline(settings) as pipeline:
        yield pipeline


@pytest.fixture(name="start")
def _start(engine: Pipeline) -> Run:
    """Start an execution of a machine made of `states`, without waiting."""

    def start(
        states: dict[str, Any],
        data: Any = None,
        *,
        handler: Callable[[Any, Any], Any] | None = None,
    ) -> dict[str, Any]:
        if handler is not None:
            engine.handlers.replace("EchoFunction", handler)
        definition = {
            "QueryLanguage": "JSONata",
            "StartAt": next(iter(states)),
            "States": states,
        }
        machine = engine.clients.sfn.create_state_machine(
            name=f"machine-{time.monotonic_ns()}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/waveflow",
        )
        return engine.clients.sfn.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(data)
        )

    return start


@pytest.fixture(name="finish")
def _finish(engine: Pipeline) -> Run:
    """Wait for an execution's end and return its description."""

    def finish(started: dict[str, Any]) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            arn = started["executionArn"]
            described = engine.clients.sfn.describe_execution(executionArn=arn)
            return None if described["status"] == "RUNNING" else described

        return eventually(ended)

    return finish


@pytest.fixture(name="tone")
def _tone(tmp_path):
    """Write a second of a sine in stereo."""
    path = tmp_path / "tone.wav"
    sine = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    soundfile.write(path, np.column_stack([sine, -sine]), 8000)
    return path
