"""Evaluate JSONata expressions, which moto parses but cannot evaluate."""

import contextlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.error_name import (
    failure_event,
    states_error_name,
    states_error_name_type,
)
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.jsonata import jsonata as engine

from waveflow_local.engine.moto.patching import internal, replace

_PROBE = 'a "quoted" name'
_DECLARATION = re.compile(r"\$(\w+):=")
_DECODER = json.JSONDecoder()
_IDLE: defaultdict[str, list[Jsonata]] = defaultdict(list)


def evaluate(text: str) -> Any:
    """Evaluate one JSONata expression, with the variables that moto declares before.

    Variables are read as JSON, and each expression is parsed once: parsing both as
    JSONata every time takes most of an execution.
    """
    variables, expression = _split(text)
    try:
        with _compiled(expression) as compiled:
            # Variables are bound for this evaluation alone: a value of another
            # execution must not stand in for a missing variable.
            return compiled.evaluate(None, variables)
    # The evaluator raises Python's own errors as well as JException.
    except Exception as exc:
        raise engine.JSONataException("UNKNOWN", str(exc)) from exc


@contextlib.contextmanager
def _compiled(expression: str) -> Iterator[Jsonata]:
    """Lend a parsed expression to one thread: a Jsonata object keeps its variables."""
    try:
        compiled = _IDLE[expression].pop()
    except IndexError:
        compiled = Jsonata(expression)
    Jsonata.CURRENT.jsonata = compiled  # for the functions of the expression
    yield compiled
    _IDLE[expression].append(compiled)


def _split(text: str) -> tuple[dict[str, Any], str]:
    variables: dict[str, Any] = {}
    position = 1  # moto opens a parenthesis first
    while declared := _DECLARATION.match(text, position):
        value, position = _DECODER.raw_decode(text, declared.end())
        variables[declared[1]] = _with_nulls(value)
        position += 1  # a semicolon ends each declaration
    return variables, text[:1] + text[position:]


def _with_nulls(value: Any) -> Any:
    """Replace None in JSON by the JSONata library's null; its None means undefined."""
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    return Utils.NULL_VALUE if value is None else value


def encode_declarations(bindings: Mapping[str, Any]) -> str:
    """Return JSONata variable declarations, with every value as a JSON literal."""
    return "".join(
        f"{name}:={json.dumps(value, ensure_ascii=False, default=_encode)};"
        for name, value in bindings.items()
    )


def apply() -> None:
    """Give moto a JSONata evaluator and string encoding, where moto lacks either."""
    if internal(engine, "_eval_jsonata") is None:
        replace(engine, "_eval_jsonata", evaluate)
        _fail_as_aws_does()
    if json.dumps(_PROBE) not in engine.encode_jsonata_variable_declarations(
        {"$probe": _PROBE}
    ):
        for module in (engine, states, variable_store):
            replace(module, "encode_jsonata_variable_declarations", encode_declarations)


def _encode(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _fail_as_aws_does() -> None:
    """Make a failed JSONata expression raise States.QueryEvaluationError, as on AWS."""
    original = internal(string_expression.StringJSONata, "_eval_body")

    def eval_body(self: Any, env: Environment) -> None:
        try:
            original(self, env)
        except engine.JSONataException as exc:
            cause = f"The JSONata expression '{self.expression}' failed: {exc.details}"
            raise _evaluation_failure(env, cause) from exc

    replace(string_expression.StringJSONata, "_eval_body", eval_body)


def _evaluation_failure(
    env: Environment, cause: str
) -> failure_event.FailureEventException:
    name = states_error_name.StatesErrorName(
        typ=states_error_name_type.StatesErrorNameType.StatesQueryEvaluationError
    )
    details = EvaluationFailedEventDetails(cause=cause, error=name.error_name)
    return failure_event.FailureEventException(
        failure_event.FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=cast("Any", {"evaluationFailedEventDetails": details}),
        )
    )
