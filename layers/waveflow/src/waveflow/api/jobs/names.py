"""Make keys and ids of what people call things."""

import hashlib
import re
import unicodedata
import uuid

UPLOAD_PREFIX = "audio/"
MAX_NAME_BYTES = 120
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_UNSAFE = re.compile(r"[^\w.\-]+")
_FALLBACK = "audio"


def plain_name(filename: str) -> str:
    """Return the file's own name: no folder, no control character, composed Hangul."""
    base = re.split(r"[/\\]", filename)[-1]
    composed = unicodedata.normalize("NFC", base)
    printable = "".join(c for c in composed if unicodedata.category(c)[0] != "C")
    return printable.strip()[-255:] or _FALLBACK


def safe_name(filename: str) -> str:
    """Return a name for a key: letters of any script, digits, `.`, `-` and `_`."""
    name = _UNSAFE.sub("_", plain_name(filename)).strip("._")
    # The end of a name tells more to a person than its middle.
    encoded = name.encode()[-MAX_NAME_BYTES:]
    return encoded.decode(errors="ignore").lstrip("._") or _FALLBACK


def new_key(filename: str) -> str:
    """Return a key that no other upload has."""
    return f"{UPLOAD_PREFIX}{uuid.uuid4()}_{safe_name(filename)}"


def user_id(owner: str) -> str:
    """Return the owner as a message may name a user; an odd one becomes its hash."""
    if _ID.fullmatch(owner):
        return owner
    return hashlib.sha256(owner.encode()).hexdigest()
