"""Say where the API answers, and which engine the API works on."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Place:
    """Hand the API's port and its engine from one process to the next."""

    endpoint: str
    port: int | None = None  # 8000, or a free port where 8000 is taken
    standin_url: str = ""
    verdict_timeout_s: int = 900

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read a place from the argument that `text` wrote."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """Return the place as one argument of a command."""
        return json.dumps(asdict(self))
