"""Load the state machine exactly as it is deployed."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from waveflow_local.paths import LocalError

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9]+)\}")


def load_definition(path: Path, substitutions: Mapping[str, str]) -> str:
    """Return the machine's definition as CloudFormation hands it to Step Functions.

    Only `${Name}` placeholders are replaced. Waits between retries are shortened
    where the engine sleeps, so that back-off, cap and jitter stay.
    """

    def substitute(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            raise LocalError(f"The machine uses {match[0]}, which the template lacks.")
        return str(substitutions[match[1]])

    text = _SUBSTITUTION.sub(substitute, path.read_text("utf-8"))
    try:
        json.loads(text)
    except json.JSONDecodeError as exc:
        raise LocalError(f"{path} is not JSON: {exc}") from exc
    return text
