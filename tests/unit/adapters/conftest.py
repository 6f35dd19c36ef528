"""Run a receiver for the tests of webhooks."""

from collections.abc import Iterator

import pytest
from support.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver for one test."""
    with Receiver() as running:
        yield running
