"""Describe the API's port and the engine, for the API's own process."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Place:
    """Hand the API's port and engine to the API's process, as one argument."""

    endpoint: str
    port: int | None = None  # 8000, or a free port where 8000 is taken
    standin_url: str = ""
    verdict_timeout_s: int = 900
    require_token: bool = False

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read the API's port and engine from a command-line argument."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """Return the API's port and engine as one command-line argument."""
        return json.dumps(asdict(self))
