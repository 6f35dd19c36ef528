"""Check the poller against EventBridge Pipes' handling of a record."""

import pytest
from waveflow_local.engine.pipe import InputTemplate, parse_body
from waveflow_local.paths import LocalError

TEMPLATE = (
    '{"messageId": <$.messageId>, "sentTimestamp": <$.attributes.SentTimestamp>, '
    '"body": <$.body>}'
)


def record(body: str) -> dict:
    """Return a record as the poller makes it."""
    return {
        "messageId": "m-1",
        "attributes": {"SentTimestamp": "1700000000000"},
        "body": parse_body(body),
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"stemId": "s", "n": [1, null]}', {"stemId": "s", "n": [1, None]}),
        ("[1, 2]", [1, 2]),
        ("not json", "not json"),
        ('{"a": NaN}', '{"a": NaN}'),
        ("", ""),
        (
            '{"name": "a \\"quoted\\" <$.body> 드럼"}',
            {"name": 'a "quoted" <$.body> 드럼'},
        ),
    ],
)
def test_a_body_that_is_json_is_a_value(body, expected):
    """A placeholder inside a message body must not be filled: senders choose bodies."""
    filled = InputTemplate(TEMPLATE).apply(record(body))

    assert filled == {
        "messageId": "m-1",
        "sentTimestamp": "1700000000000",
        "body": expected,
    }


def test_a_path_that_does_not_exist_vanishes():
    """A null in place of a missing key would be read as a value by the stages."""
    template = InputTemplate('{"a": <$.body.nope>, "b": <$.messageId>, "c": [<$.x>]}')

    assert template.apply(record("{}")) == {"b": "m-1", "c": []}


def test_a_path_reaches_into_the_body():
    """A template that reaches into a JSON body must find the value there."""
    template = InputTemplate('{"stem": <$.body.stem.id>}')

    assert template.apply(record('{"stem": {"id": 7}}')) == {"stem": 7}


def test_a_template_that_is_no_json_is_told():
    """A bare placeholder breaks delivery on AWS as well."""
    with pytest.raises(LocalError, match="input template"):
        InputTemplate('{"a": ')


def test_a_body_that_is_nested_too_deep_stays_text():
    """One such message would end the pipe, and every later message would wait."""
    body = "[" * 20_000 + "]" * 20_000

    assert parse_body(body) == body
