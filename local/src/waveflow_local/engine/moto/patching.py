"""Read and replace moto's internals; no other module reaches into moto."""

from typing import Any


def internal(owner: object, name: str) -> Any:
    """Return an undocumented attribute of moto."""
    return getattr(owner, name)


def replace(owner: object, name: str, value: object) -> None:
    """Replace an attribute of moto; raise AttributeError where moto has none."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}: moto is another version.")
    setattr(owner, name, value)
