"""Read what the template allows each role, as CloudFormation would write it."""

from pathlib import Path
from typing import Any

from waveflow_local import paths
from waveflow_local.engine.template import Template

ROOT = Path(__file__).parents[2]
ROLES = {
    "hash": "HashRole",
    "dedupe_delete": "DedupeDeleteRole",
    "music": "MusicRole",
    "waveform": "WaveformRole",
    "mix": "MixRole",
    "notify": "NotifyRole",
}

# Below which prefixes each stage may write.
WRITES = {
    "hash": (),
    "dedupe_delete": ("dedupe/",),
    "music": (),
    "waveform": ("waveforms/",),
    "mix": ("mixed/", "waveforms/"),
    "notify": (),
}


class Policies:
    """The template's policies, resolved with some parameters."""

    def __init__(self, parameters: dict[str, str] | None = None) -> None:
        self.template = Template.read(ROOT / "template.yaml", parameters or {})
        self.document = self.template._document
        self.template.bind("WebhookSecret", paths.arn("secretsmanager", "secret:s"))
        for name in self.names("AWS::Logs::LogGroup"):
            arn = (
                f"arn:aws:logs:ap-northeast-2:123456789012:log-group:/waveflow/{name}:*"
            )
            self.template.bind(f"{name}.Arn", arn)

    def names(self, kind: str) -> list[str]:
        """Return the logical ids of one type."""
        resources = self.document["Resources"]
        return [name for name, each in resources.items() if each["Type"] == kind]

    def statements(self, stage: str) -> list[dict[str, Any]]:
        """Return every statement that the stage's role gets."""
        role = ROLES[stage]
        documents = [
            policy["PolicyDocument"] for policy in self._of(role, "Policies") or []
        ]
        documents += [
            self._of(reference["Ref"], "PolicyDocument")
            for reference in self._raw(role).get("ManagedPolicyArns", [])
        ]
        for name in self.names("AWS::IAM::RolePolicy"):
            condition = self.document["Resources"][name].get("Condition")
            holds = condition is None or self.template._holds(condition)
            if holds and self._raw(name)["RoleName"] == {"Ref": role}:
                documents.append(self._of(name, "PolicyDocument"))
        return [each for document in documents for each in document["Statement"]]

    def all_statements(self) -> list[tuple[str, dict[str, Any]]]:
        """Return every statement of the template with where it stands."""
        found: list[tuple[str, dict[str, Any]]] = []
        for name, resource in self.document["Resources"].items():
            _collect(name, resource, found)
        return found

    def _raw(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.document["Resources"][name]["Properties"]
        return properties

    def _of(self, name: str, *path: str) -> Any:
        return self.template.property(name, *path)


def _collect(name: str, node: Any, found: list[tuple[str, dict[str, Any]]]) -> None:
    if isinstance(node, dict):
        if "Effect" in node and "Action" in node:
            found.append((name, node))
        for value in node.values():
            _collect(name, value, found)
    elif isinstance(node, list):
        for value in node:
            _collect(name, value, found)


def listed(value: Any) -> list[Any]:
    """Return one or many as many."""
    return value if isinstance(value, list) else [value]
