"""Run one stage's handler on events from standard input, and time each.

Usage: parity_worker.py APP. One JSON event in a line, one line of figures out; it
uses nothing but the stage's own environment, so that it runs inside its image.
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer events until the input ends."""
    # Handlers log to standard output, so the figures take over the original descriptor.
    figures = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    handler = None
    for line in sys.stdin:
        started = time.monotonic()
        if handler is None:
            handler = _load(Path(sys.argv[1]))
        result = handler(json.loads(line), None)
        figures.write(
            json.dumps(
                {
                    "result": result,
                    "seconds": time.monotonic() - started,
                    "memory_mb": _peak_kib() >> 10,
                }
            )
            + "\n"
        )


def _peak_kib() -> int:
    """Return the peak memory; rusage would count that of the parent before exec."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _load(path: Path):  # noqa: ANN202 - a module's attribute
    spec = importlib.util.spec_from_file_location("app", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lambda_handler


if __name__ == "__main__":
    main()
