"""Hold every test to what no test alone can see: nobody says a secret."""

from collections.abc import Iterator

import pytest
from support.leaks import leaks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Iterator[None]:
    """Fail a test during which a token, a secret or a signed address was printed."""
    report = yield
    if report.when == "teardown":
        said = "\n".join(text for _, _, text in item._report_sections)
        found = leaks(said)
        if found:
            report.outcome = "failed"
            report.longrepr = "Secrets were said:\n" + "\n".join(found)
    return report
