"""Values of template.yaml as CloudFormation would resolve them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waveflow_local.engine.template import read_document

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
NOTHING = object()
PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-northeast-2",
    "AWS::StackName": "stack",
    "AWS::NoValue": NOTHING,
}
_PLACEHOLDER = re.compile(r"\$\{([^!}]+)\}")


def load() -> dict[str, Any]:
    """Return the template with its functions in their long form."""
    return read_document(TEMPLATE)


def changed(document: dict[str, Any], way: str, value: Any) -> dict[str, Any]:
    """Return a copy of a template with a value set, or left out where it is `...`."""
    copied: dict[str, Any] = json.loads(json.dumps(document))  # drops YAML's aliases
    *steps, last = (int(s) if s.isdigit() else s for s in way.split("/"))
    place: Any = copied
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


class Stack:
    """Template resolved with some parameters; a resource's name stands for its Ref."""

    def __init__(self, document: dict[str, Any], **parameters: str) -> None:
        self.document = document
        self.parameters = {
            name: str(parameters.get(name, declared.get("Default", "")))
            for name, declared in document["Parameters"].items()
        }
        self.lists = {
            name
            for name, declared in document["Parameters"].items()
            if declared["Type"] == "CommaDelimitedList"
        }
        self.resources: dict[str, dict[str, Any]] = {
            name: self.resolve(resource)
            for name, resource in document["Resources"].items()
            if self.holds(resource.get("Condition"))
        }
        self.globals = self.resolve(document["Globals"]["Function"])
        self.outputs = {
            name: self.resolve(output["Value"])
            for name, output in document["Outputs"].items()
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of every resource of one type."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def properties(self, name: str) -> dict[str, Any]:
        """Return a resource's properties, or an empty dict for an absent resource."""
        properties: dict[str, Any] = self.resources.get(name, {}).get("Properties", {})
        return properties

    def holds(self, condition: Any) -> bool:
        """Return whether a condition of the template is true."""
        if condition is None:
            return True
        if isinstance(condition, str):
            return self.holds(self.document["Conditions"][condition])
        ((name, argument),) = condition.items()
        if name == "Fn::Not":
            return not self.holds(argument[0])
        assert name == "Fn::Equals"
        left, right = (str(self.resolve(side)) for side in argument)
        return left == right

    def resolve(self, value: Any) -> Any:
        """Return a value with its intrinsic functions resolved."""
        if isinstance(value, list):
            every = (self.resolve(item) for item in value)
            return [item for item in every if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(name, argument)
        every = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in every.items() if item is not NOTHING}

    def _call(self, name: str, argument: Any) -> Any:  # noqa: PLR0911 - a table
        match name:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return ".".join(argument)
            case "Fn::If":
                return self.resolve(argument[1 if self.holds(argument[0]) else 2])
            case "Fn::Join":
                return argument[0].join(self.resolve(argument[1]))
            case "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
            case _:
                return self._sub(argument)

    def _ref(self, name: str) -> Any:
        if name in PSEUDO:
            return PSEUDO[name]
        if name not in self.parameters:
            return name
        value = self.parameters[name]
        return value.split(",") if name in self.lists else value

    def _sub(self, argument: Any) -> str:
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def answer(match: re.Match[str]) -> str:
            known = extra.get(match[1])
            return str(self._ref(match[1]) if known is None else self.resolve(known))

        return _PLACEHOLDER.sub(answer, text).replace("${!", "${")

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return every statement of a role, inline, managed or attached."""
        own = self.properties(role)
        holders = [
            *own.get("Policies", []),
            *(self.properties(name) for name in own.get("ManagedPolicyArns", [])),
            *(
                apart
                for apart in self.of_type("AWS::IAM::RolePolicy").values()
                if apart["RoleName"] == role
            ),
        ]
        documents = [holder["PolicyDocument"] for holder in holders]
        return [each for document in documents for each in document["Statement"]]

    def grants(self) -> Iterator[dict[str, Any]]:
        """Yield every statement that allows something, in any resource."""
        nodes: list[Any] = [*self.resources.values()]
        for node in nodes:
            if isinstance(node, dict):
                nodes.extend(node.values())
                if node.get("Effect") == "Allow":
                    yield node
            elif isinstance(node, list):
                nodes.extend(node)


def listed(value: Any) -> list[str]:
    """Return a single value or a list of values as a list."""
    return [value] if isinstance(value, str) else list(value)
