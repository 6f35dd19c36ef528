"""Check that Ctrl-C ends a command without a traceback, whatever the moment."""

import subprocess
import sys

import pytest
from support.processes import HANGS_S

PROGRAM = """
import os, signal, sys
MODULE = sys.argv.pop(1)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from waveflow_local.cli.entry import main
main()
"""


@pytest.mark.parametrize(
    "module",
    [
        *("waveflow_local.cli.app", "click", "waveflow_local.cli.peaks"),
        *("waveflow_local.files.actions", "numpy", "waveflow.audio.waveform.canvas"),
    ],
)
def test_ctrl_c_during_an_import_prints_no_traceback(tone, module):
    """An impatient user's Ctrl-C often falls into the imports of the start."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, module, "peaks", tone],
        capture_output=True,
        check=False,
        timeout=HANGS_S,
    )

    assert (ended.returncode, ended.stdout) == (130, b"")
    assert ended.stderr == b"\nstopped\n"
