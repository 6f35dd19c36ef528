"""Start the `waveflow` command, so that Ctrl-C prints no traceback at any moment."""

import sys

_INTERRUPTED = 130  # as in `app`, whose import may be interrupted too


def main() -> None:
    """Run the command line; Ctrl-C counts from the first import to the last flush."""
    try:
        import signal  # loads a dozen modules, during which Ctrl-C may come

        from waveflow_local.cli.app import main as run

        try:
            run()
        finally:
            # Python's own end joins threads, and would print a traceback of its own.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(_INTERRUPTED)
