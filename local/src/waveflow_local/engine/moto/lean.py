"""Import moto's Step Functions interpreter without AWS Batch and EC2."""

import importlib
import importlib.util
import sys
from types import ModuleType

_UNUSED = "moto.batch"


def import_interpreter() -> None:
    """Import moto's Step Functions interpreter, leaving AWS Batch and EC2 out.

    For one enumeration of `moto.batch.utils` the interpreter would import Batch
    and with it all of EC2: a third of the engine's start. An empty package of the
    same name, for the moment of the import, keeps them out.
    """
    if _UNUSED in sys.modules:
        return
    spec = importlib.util.find_spec("moto")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("moto is not installed.")
    empty = ModuleType(_UNUSED)
    empty.__path__ = [f"{spec.submodule_search_locations[0]}/batch"]
    sys.modules[_UNUSED] = empty
    try:
        importlib.import_module("moto.stepfunctions.parser.models")
    finally:
        for name in [n for n in sys.modules if n.startswith(_UNUSED)]:
            del sys.modules[name]
