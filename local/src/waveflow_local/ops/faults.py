"""Turn what AWS's client raises into one line for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager

from waveflow_local.paths import LocalError


@contextmanager
def aws_faults_as_lines() -> Iterator[None]:
    """Raise a LocalError where AWS refuses, is out of reach, or is not AWS at all."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError as exc:
        # The parser's message quotes the whole answer, often a page of HTML.
        raise LocalError("The answer is not one of AWS; is the address right?") from exc
    except (BotoCoreError, ClientError) as exc:
        raise LocalError(f"AWS cannot be asked: {exc}") from exc
