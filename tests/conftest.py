"""Fail every test during which a token, a secret or a signed address is printed."""

from collections.abc import Iterator

import pytest
from support.leaks import leaks

READ: list[str] = []  # text that the running test read, which pytest's own report lacks


def pytest_configure() -> None:
    """Record what tests read by capsys and capfd."""
    readouterr = pytest.CaptureFixture.readouterr

    def overheard(capture: pytest.CaptureFixture[str]) -> object:
        said = readouterr(capture)
        READ.extend(map(str, said))
        return said

    pytest.CaptureFixture.readouterr = overheard


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Iterator[None]:
    """Fail a test during which a token, a secret or a signed address was printed."""
    report = yield
    if report.when == "teardown":
        printed = [text for _, _, text in item._report_sections]
        found = leaks("\n".join([*printed, *READ]))
        READ.clear()
        if found:
            report.outcome = "failed"
            report.longrepr = "Secrets were said:\n" + "\n".join(found)
    return report
