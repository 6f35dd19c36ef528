"""Secrets in printed text: webhook secrets, signed URLs and task tokens."""

import re

_SECRET = re.compile(
    r"whsec_[A-Za-z0-9+/=]{16,}|X-Amz-Signature=|[?&]Signature=|\bAQC[\w-]{20,}"
)


def leaks(text: str) -> list[str]:
    """Return the lines that hold a webhook secret, a signed URL or a task token."""
    return [line for line in text.splitlines() if _SECRET.search(line)]
