"""Evaluate the machine's JSONata expressions over its variables."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils

# A plain path through variables needs no interpreter; a test compares both.
PATH = re.compile(r"\$[A-Za-z_]+(\.[A-Za-z_]+)*")
_KNOWN: dict[tuple[str, str], Any] = {}


class UndefinedValueError(Exception):
    """Error of an expression without a value: States.QueryEvaluationError on AWS."""


def evaluate(node: Any, variables: Mapping[str, Any]) -> Any:
    """Evaluate every expression below a node."""
    if isinstance(node, dict):
        return {name: evaluate(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [evaluate(value, variables) for value in node]
    if isinstance(node, str) and node.startswith("{%"):
        return _evaluate(node.removeprefix("{%").removesuffix("%}").strip(), variables)
    return node


def _evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    if PATH.fullmatch(expression):
        return look_up(expression, variables)
    if "$states" in expression:
        return interpret(expression, variables)
    # Verdicts repeat, so the cache knows most expressions with the same variables.
    used = {name: variables[name] for name in _names(expression) & set(variables)}
    known = (expression, json.dumps(used, sort_keys=True))
    if known not in _KNOWN:
        _KNOWN[known] = interpret(expression, variables)
    return _KNOWN[known]


@lru_cache(maxsize=256)
def _names(expression: str) -> frozenset[str]:
    return frozenset(re.findall(r"\$(\w+)", expression))


def look_up(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return the value at the end of a plain path."""
    value: Any = variables
    for part in expression.removeprefix("$").split("."):
        if not isinstance(value, dict) or part not in value:
            raise UndefinedValueError(expression)
        value = value[part]
    return value


def interpret(expression: str, variables: Mapping[str, Any]) -> Any:
    """Evaluate one expression by JSONata's own interpreter."""
    nulls = {k: Utils.NULL_VALUE if v is None else v for k, v in variables.items()}
    compiled = _compiled(expression)
    # Python's None stands for null and for no value; NULL_VALUE keeps them apart.
    compiled.output_convert_nulls = False
    try:
        value = compiled.evaluate(None, nulls)
    except Exception as exc:
        raise UndefinedValueError(f"{expression}: {exc}") from exc
    if value is None:
        raise UndefinedValueError(expression)
    return Utils.convert_nulls(value)


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Jsonata:
    compiled = Jsonata(expression)
    # `$parse` is an addition of Step Functions to JSONata.
    compiled.register_lambda("parse", json.loads)
    return compiled
