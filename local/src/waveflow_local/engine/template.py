"""Read from template.yaml what CloudFormation would set up."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from waveflow_local import paths
from waveflow_local.paths import LocalError

_SHORT_FORMS = ("Ref", "Condition")
_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
_PSEUDO = {
    "AWS::AccountId": paths.ACCOUNT,
    "AWS::Partition": paths.PARTITION,
    "AWS::Region": paths.REGION,
    "AWS::StackName": paths.STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()  # `!Ref AWS::NoValue` leaves a property out
_VERSION = ".Version"  # what SAM appends to a function's logical id
_ARN_SERVICES = {
    "AWS::Serverless::Function": ("lambda", "function:{}"),
    "AWS::Serverless::StateMachine": ("states", "stateMachine:{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}"),
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`, `!GetAtt`, …)."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the third kind
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in _SHORT_FORMS else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def local_name(logical_id: str) -> str:
    """Return the name that a resource has locally: `DeadLetterQueue` → `dead-…`."""
    special = {"Bucket": paths.BUCKET, "Queue": paths.STACK, "Machine": paths.STACK}
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", logical_id).lower()
    return special.get(logical_id, f"{paths.STACK}-{words}")


def read_document(path: Path) -> Any:
    """Read a template's YAML with its functions in their long form."""
    try:
        # The loader is a SafeLoader with CloudFormation's tags.
        return yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as exc:
        raise LocalError(f"{path} is not YAML: {exc}") from exc


class Template:
    """A template whose references are answered with local names."""

    def __init__(
        self, document: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> None:
        self._document = document
        self._known = dict(_PSEUDO)
        for name, declared in document.get("Parameters", {}).items():
            self._known[name] = str(parameters.get(name, declared.get("Default", "")))
        unknown = sorted(set(parameters) - set(document.get("Parameters", {})))
        if unknown:
            raise LocalError(f"The template has no parameter {', '.join(unknown)}.")

    @classmethod
    def read(cls, path: Path, parameters: Mapping[str, str]) -> "Template":
        """Read a template and set its parameters."""
        return cls(read_document(path), parameters)

    def bind(self, logical_id: str, value: str) -> None:
        """Answer `Ref` of a resource with `value` from now on."""
        self._known[logical_id] = value

    def functions(self) -> dict[str, str]:
        """Return each function's logical id and the stage that it runs."""
        return {
            name: resource["Metadata"]["DockerBuildTarget"]
            for name, resource in self._document["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
            and "DockerBuildTarget" in resource.get("Metadata", {})
            and ("Condition" not in resource or self._holds(resource["Condition"]))
        }

    def environment(self, logical_id: str) -> dict[str, str]:
        """Return the environment variables of one function."""
        own = self._document["Resources"][logical_id].get("Properties", {})
        return self.shared_environment() | self._variables(own)

    def shared_environment(self) -> dict[str, str]:
        """Return the environment variables that every function has."""
        shared = self._document.get("Globals", {}).get("Function", {})
        return self._variables(shared)

    def _variables(self, properties: Mapping[str, Any]) -> dict[str, str]:
        variables = properties.get("Environment", {}).get("Variables", {})
        resolved = self.resolve(variables)
        return {name: str(value) for name, value in resolved.items()}

    def property(self, logical_id: str, *path: str) -> Any:
        """Return one property of a resource, resolved; None where it is absent."""
        value: Any = self._document["Resources"][logical_id].get("Properties", {})
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return self.resolve(value)

    def resolve(self, value: Any) -> Any:
        """Return a value with every intrinsic function answered."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {k: item for k, item in resolved.items() if item is not _NO_VALUE}

    def _call(self, name: str, argument: Any) -> Any:
        calls: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": lambda path: self._get_att(*path),
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
        }
        if name not in calls:
            raise LocalError(f"The local engine does not know {name}.")
        return calls[name](argument)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self._holds(condition) else otherwise)

    def _join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(_as_list(self.resolve(parts)))

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = argument
        return str(self.resolve(text)).split(separator)

    def _select(self, argument: list[Any]) -> str:
        index, items = argument
        return _as_list(self.resolve(items))[int(index)]

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name.endswith(_VERSION):
            return self._get_att(name.removesuffix(_VERSION), "Arn") + ":1"
        if name in self._known:
            return self._known[name]
        resource = self._document["Resources"].get(name)
        if resource is None:
            raise LocalError(f"The template refers to {name}, which it lacks.")
        if resource["Type"] == "AWS::Serverless::StateMachine":
            return self._get_att(name, "Arn")
        return local_name(name)

    def _get_att(self, logical_id: str, attribute: str) -> str:
        known = self._known.get(f"{logical_id}.{attribute}")
        if known is not None:
            return known
        resource = self._document["Resources"].get(logical_id)
        if resource is None or attribute != "Arn":
            raise LocalError(f"The local engine has no {logical_id}.{attribute}.")
        kind = resource["Type"]
        if kind == "AWS::S3::Bucket":
            return f"arn:{paths.PARTITION}:s3:::{local_name(logical_id)}"
        # `sam local start-lambda` knows functions by their logical ids.
        name = logical_id if "Function" in kind else local_name(logical_id)
        service, pattern = _ARN_SERVICES.get(kind, ("local", "{}"))
        return paths.arn(service, pattern.format(name))

    def _sub(self, argument: Any) -> str:
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def answer(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in extra:
                return str(self.resolve(extra[name]))
            return (
                self._get_att(*name.split(".", 1)) if "." in name else self._ref(name)
            )

        return _PLACEHOLDER.sub(answer, text)

    def _holds(self, condition: str | Mapping[str, Any]) -> bool:
        if isinstance(condition, str):
            return self._holds(self._document["Conditions"][condition])
        ((name, argument),) = condition.items()
        match name:
            case "Fn::Equals":
                left, right = (str(self.resolve(side)) for side in argument)
                return left == right
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(self._holds(part) for part in argument)
            case "Fn::Or":
                return any(self._holds(part) for part in argument)
            case "Condition":
                return self._holds(argument)
            case _:
                raise LocalError(f"The local engine does not know {name}.")


def _as_list(value: Any) -> list[str]:
    """Return a list's items, or those of a parameter that is a comma list."""
    items = value if isinstance(value, list) else str(value).split(",")
    return [str(item) for item in items]
