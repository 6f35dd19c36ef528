"""Parse JSON, TOML and YAML files, and print the files with a syntax error."""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml


def compose(text: str) -> None:
    """Parse YAML without building values: the template has tags of its own."""
    for _ in yaml.parse(text, yaml.CSafeLoader):
        pass


PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": compose,
    ".yml": compose,
}


def error(path: Path) -> str | None:
    """Return the parser's complaint about one file, or None."""
    parse = PARSERS.get(path.suffix)
    if parse is None:
        return None
    try:
        parse(path.read_text("utf-8"))
    except (ValueError, yaml.YAMLError) as exc:
        return f"{path}: {exc}"
    return None


if __name__ == "__main__":
    found = [complaint for name in sys.argv[1:] if (complaint := error(Path(name)))]
    sys.exit("\n".join(found) or None)
