"""Loading of scripts/ as modules."""

import importlib.util
from types import ModuleType

from support.stack import ROOT


def script(name: str) -> ModuleType:
    """Return a script of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
