"""Name the exit codes of `waveflow` that are not Click's own."""

INTERRUPTED = 130  # a command that Ctrl-C ended: 128 plus SIGINT
