"""Check the reader of template.yaml against CloudFormation's rules."""

import pytest
import yaml
from waveflow_local import paths
from waveflow_local.engine.template import Template, local_name
from waveflow_local.paths import LocalError, Project

DOCUMENT = """
Parameters:
  Mode: {Type: String, Default: callback}
  Names: {Type: CommaDelimitedList, Default: "a,b"}
Conditions:
  IsMessage: !Equals [!Ref Mode, message]
  Either: !Or [!Condition IsMessage, !Not [!Equals [!Join ["", !Ref Names], ab]]]
Globals:
  Function:
    Environment: {Variables: {MODE: !Ref Mode, LEVEL: info}}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Bucket: {Type: AWS::S3::Bucket}
  Machine: {Type: AWS::Serverless::StateMachine}
  OneFunction:
    Type: AWS::Serverless::Function
    Metadata: {DockerBuildTarget: one}
    Properties:
      MemorySize: 512
      Environment: {Variables: {LEVEL: debug, GONE: !Ref AWS::NoValue}}
  Holder:
    Type: Some::Resource
    Properties:
      Value: VALUE
"""


def resolved(value: str, **parameters: str):
    """Return one value of a template as CloudFormation would set it."""
    text = DOCUMENT.replace("VALUE", value)
    return read(text, parameters).property("Holder", "Value")


def read(text: str, parameters: dict[str, str]) -> Template:
    """Read a template from text."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        path.write_text(text)
        return Template.read(path, parameters)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!Ref Mode", "callback"),
        ("!Ref Bucket", "waveflow-local"),
        ("!Ref AWS::Region", "ap-northeast-2"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:ap-northeast-2:123456789012:waveflow"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::waveflow-local"),
        (
            "!GetAtt OneFunction.Arn",
            "arn:aws:lambda:ap-northeast-2:123456789012:function:OneFunction",
        ),
        (
            "!Ref OneFunction.Version",
            "arn:aws:lambda:ap-northeast-2:123456789012:function:OneFunction:1",
        ),
        ('!Sub "${Bucket.Arn}/*"', "arn:aws:s3:::waveflow-local/*"),
        ('!Sub ["${A}-${Mode}", {A: !Ref Bucket}]', "waveflow-local-callback"),
        ('!Join ["+", [x, !Ref Mode]]', "x+callback"),
        ('!Sub "${!aws:PrincipalTag/x}-${Mode}"', "${aws:PrincipalTag/x}-callback"),
        ("!Select [1, !Ref Names]", "b"),
        ('!Split [",", "x,y"]', ["x", "y"]),
        ("!If [IsMessage, 1, 2]", 2),
        ("!If [Either, 1, 2]", 2),
        ("[1, !Ref AWS::NoValue, {a: !Ref AWS::NoValue}]", [1, {}]),
    ],
)
def test_references_are_answered(value, expected):
    """A function answered differently than on AWS would test another deployment."""
    assert resolved(value) == expected


def test_parameters_decide_conditions():
    """A parameter that lost to its default would test another mode than asked for."""
    assert resolved("!If [Either, 1, 2]", Mode="message") == 1


def test_a_parameter_that_does_not_exist_is_named():
    """A misspelt parameter must not be ignored, or a developer tests another stack."""
    with pytest.raises(LocalError, match="Mood"):
        resolved("!Ref Mode", Mood="message")


@pytest.mark.parametrize("value", ["!Ref Nobody", "!GetAtt Queue.Colour", "!Cidr [a]"])
def test_what_is_unknown_is_told(value):
    """A made-up answer to an unknown reference would fail much later, unexplained."""
    with pytest.raises(LocalError):
        resolved(value)


def test_a_functions_variables_win_over_the_shared_ones():
    """SAM merges Globals with the function's own environment."""
    environment = read(DOCUMENT, {}).environment("OneFunction")

    assert environment == {"MODE": "callback", "LEVEL": "debug"}


def test_functions_are_known_by_their_stage():
    """A function that the engine does not find by its stage could not be invoked."""
    assert read(DOCUMENT, {}).functions() == {"OneFunction": "one"}


def test_names_follow_the_logical_ids():
    """The parts that a developer meets have short names."""
    names = {name: local_name(name) for name in ("Bucket", "Queue", "DeadLetterQueue")}

    assert names == {
        "Bucket": paths.BUCKET,
        "Queue": "waveflow",
        "DeadLetterQueue": "waveflow-dead-letter-queue",
    }


def test_the_projects_own_template_is_read_whole():
    """A function of the template without a handler would fail at its first message."""
    project = Project()
    template = Template.read(project.template, {})
    folders = {path.parent.name for path in project.root.glob("functions/*/app.py")}

    assert {"hash", "notify"} <= set(template.functions().values()) <= folders
    for function in template.functions():
        assert template.environment(function)["BUCKET_NAME"] == paths.BUCKET
    assert template.property("Pipe", "TargetParameters", "InputTemplate")


def test_yaml_that_is_none_is_one_sentence(tmp_path):
    """A user with a broken template gets one sentence, no traceback."""
    path = tmp_path / "template.yaml"
    path.write_text("a: [")

    with pytest.raises(LocalError, match="is not YAML") as caught:
        Template.read(path, {})

    assert isinstance(caught.value.__cause__, yaml.YAMLError)
