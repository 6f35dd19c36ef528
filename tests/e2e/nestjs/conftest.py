"""A running WaveFlow with the NestJS example as its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.node import ROOT, built, require_node
from support.platform import Platform


@pytest.fixture(scope="session")
def nestjs_app() -> Path:
    """Return the built NestJS example."""
    require_node()
    return built(ROOT / "examples" / "nestjs")


@pytest.fixture(scope="session")
def platform(
    nestjs_app: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Return WaveFlow with the NestJS example as its server."""
    with Platform(nestjs_app, tmp_path_factory.mktemp("nestjs")) as running:
        yield running
