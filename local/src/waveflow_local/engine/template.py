"""Read resources and parameters of template.yaml, with local resource names."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

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
_LIST = "CommaDelimitedList"
_VERSION = ".Version"  # SAM appends `.Version` to a function's logical id
_ARN_SERVICES = {
    "AWS::Serverless::Function": ("lambda", "function:{}"),
    "AWS::Serverless::StateMachine": ("states", "stateMachine:{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}"),
}


class _Loader(yaml.SafeLoader):
    """Load YAML with CloudFormation's short forms (`!Ref`, `!GetAtt`, …)."""


class _Parameter(Struct, frozen=True, rename="pascal"):
    type: str = "String"
    default: object = ""


class _Resource(Struct, frozen=True, rename="pascal"):
    type: str
    properties: Mapping[str, object] = {}
    metadata: Mapping[str, object] = {}
    condition: str | None = None


class _Globals(Struct, frozen=True, rename="pascal"):
    function: Mapping[str, object] = {}


class _Document(Struct, frozen=True, rename="pascal"):
    """Hold the parts of a SAM template that the local engine reads."""

    resources: Mapping[str, _Resource]
    parameters: Mapping[str, _Parameter] = {}
    conditions: Mapping[str, Mapping[str, object]] = {}
    globals: _Globals = _Globals()


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, object]:
    if isinstance(node, yaml.ScalarNode):
        value: object = loader.construct_scalar(node)
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
    """Return a resource's name in the engine: `DeadLetterQueue` → `dead-…`."""
    special = {"Bucket": paths.BUCKET, "Queue": paths.STACK, "Machine": paths.STACK}
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", logical_id).lower()
    return special.get(logical_id, f"{paths.STACK}-{words}")


def read_document(path: Path) -> dict[str, object]:
    """Read a SAM template's YAML; short forms such as `!Ref` become their long form."""
    try:
        # The loader is a SafeLoader with CloudFormation's tags.
        document = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as exc:
        raise LocalError(f"{path} is not YAML: {exc}") from exc
    return dict(document)


class Template:
    """Resolve the references of a SAM template to names of the local engine."""

    def __init__(
        self, document: Mapping[str, object], parameters: Mapping[str, str]
    ) -> None:
        self._document = msgspec.convert(document, _Document)
        self._known = dict(_PSEUDO)
        declared = self._document.parameters
        self._lists = {n for n, each in declared.items() if each.type == _LIST}
        for name, parameter in declared.items():
            self._known[name] = str(parameters.get(name, parameter.default))
        unknown = sorted(set(parameters) - set(declared))
        if unknown:
            raise LocalError(f"The template has no parameter {', '.join(unknown)}.")

    @classmethod
    def read(cls, path: Path, parameters: Mapping[str, str]) -> "Template":
        """Read a SAM template and set its parameters."""
        return cls(read_document(path), parameters)

    def bind(self, logical_id: str, value: str) -> None:
        """Make `Ref` of a template's resource resolve to `value` from now on."""
        self._known[logical_id] = value

    def functions(self) -> dict[str, str]:
        """Return the pipeline stage of each Lambda function, by its logical id."""
        return {
            name: str(resource.metadata["DockerBuildTarget"])
            for name, resource in self._document.resources.items()
            if resource.type == "AWS::Serverless::Function"
            and "DockerBuildTarget" in resource.metadata
            and (resource.condition is None or self._holds(resource.condition))
        }

    def environment(self, logical_id: str) -> dict[str, str]:
        """Return the environment variables of one Lambda function."""
        own = self._document.resources[logical_id].properties
        return self.shared_environment() | self._variables(own)

    def shared_environment(self) -> dict[str, str]:
        """Return the environment variables that every Lambda function has."""
        return self._variables(self._document.globals.function)

    def _variables(self, properties: Mapping[str, object]) -> dict[str, str]:
        return _texts(self.resolve(_at(properties, "Environment", "Variables")))

    def property(self, logical_id: str, *path: str) -> object:
        """Return one property of a template's resource, resolved; None if absent."""
        return self.resolve(_at(self._document.resources[logical_id].properties, *path))

    def text(self, logical_id: str, *path: str, default: str = "") -> str:
        """Return one property of a resource as text; `default` if absent or empty."""
        value = self.property(logical_id, *path)
        return str(value) if value else default

    def texts(self, logical_id: str, *path: str) -> dict[str, str]:
        """Return one property of a template's resource that maps names to texts."""
        return _texts(self.property(logical_id, *path))

    def resolve(self, value: object) -> object:
        """Return a template's value with functions such as `!Sub` resolved."""
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

    def _call(self, name: str, argument: object) -> object:
        calls: dict[str, Callable[[object], object]] = {
            "Ref": lambda name: self._ref(str(name)),
            "Fn::GetAtt": lambda path: self._get_att(*map(str, _items(path))),
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
        }
        if name not in calls:
            raise LocalError(f"The local engine does not know {name}.")
        return calls[name](argument)

    def _if(self, argument: object) -> object:
        condition, then, otherwise = _items(argument)
        return self.resolve(then if self._holds(condition) else otherwise)

    def _join(self, argument: object) -> str:
        separator, parts = _items(argument)
        return str(separator).join(_as_list(self.resolve(parts)))

    def _split(self, argument: object) -> list[str]:
        separator, text = _items(argument)
        return str(self.resolve(text)).split(str(separator))

    def _select(self, argument: object) -> str:
        index, items = _items(argument)
        return _as_list(self.resolve(items))[int(str(index))]

    def _ref(self, name: str) -> object:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name.endswith(_VERSION):
            return self._get_att(name.removesuffix(_VERSION), "Arn") + ":1"
        if name in self._known:
            known = self._known[name]
            return known.split(",") if name in self._lists else known
        resource = self._document.resources.get(name)
        if resource is None:
            raise LocalError(f"The template refers to {name}, which it lacks.")
        if resource.type == "AWS::Serverless::StateMachine":
            return self._get_att(name, "Arn")
        return local_name(name)

    def _get_att(self, logical_id: str, attribute: str) -> str:
        known = self._known.get(f"{logical_id}.{attribute}")
        if known is not None:
            return known
        resource = self._document.resources.get(logical_id)
        if resource is None or attribute != "Arn":
            raise LocalError(f"The local engine has no {logical_id}.{attribute}.")
        kind = resource.type
        if kind == "AWS::S3::Bucket":
            return f"arn:{paths.PARTITION}:s3:::{local_name(logical_id)}"
        # `sam local start-lambda` knows functions by their logical ids.
        name = logical_id if "Function" in kind else local_name(logical_id)
        service, pattern = _ARN_SERVICES.get(kind, ("local", "{}"))
        return paths.arn(service, pattern.format(name))

    def _sub(self, argument: object) -> str:
        text, extra = argument if isinstance(argument, list) else (str(argument), {})

        def answer(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in extra:
                return str(self.resolve(extra[name]))
            return str(
                self._get_att(*name.split(".", 1)) if "." in name else self._ref(name)
            )

        return _PLACEHOLDER.sub(answer, text).replace("${!", "${")

    def _holds(self, condition: object) -> bool:
        """Tell whether a template's condition, given whole or by name, is true."""
        if not isinstance(condition, Mapping):
            return self._holds(self._document.conditions[str(condition)])
        ((name, argument),) = condition.items()
        match name:
            case "Fn::Equals":
                left, right = (str(self.resolve(side)) for side in _items(argument))
                return left == right
            case "Fn::Not":
                return not self._holds(_items(argument)[0])
            case "Fn::And":
                return all(self._holds(part) for part in _items(argument))
            case "Fn::Or":
                return any(self._holds(part) for part in _items(argument))
            case "Condition":
                return self._holds(argument)
            case _:
                raise LocalError(f"The local engine does not know {name}.")


def _at(value: object, *path: str) -> object:
    """Return the value at a path of keys in nested mappings, or None."""
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): str(text) for name, text in value.items()}


def _items(argument: object) -> list[object]:
    """Return an intrinsic function's argument as a list; raise for anything else."""
    if not isinstance(argument, list):
        raise LocalError(f"The template has {argument!r} where a list must be.")
    return argument


def _as_list(value: object) -> list[str]:
    """Return a list's items as text, or split a comma-separated parameter."""
    items = value if isinstance(value, list) else str(value).split(",")
    return [str(item) for item in items]
