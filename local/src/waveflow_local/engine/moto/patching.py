"""Reach into moto: the one place where its internals are read and replaced."""

from typing import Any


def internal(owner: object, name: str) -> Any:
    """Return an attribute of moto that no documentation promises."""
    return getattr(owner, name)


def replace(owner: object, name: str, value: object) -> None:
    """Put `value` in the place of such an attribute; it must exist."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}: moto is another version.")
    setattr(owner, name, value)
