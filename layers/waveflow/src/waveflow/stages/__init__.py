"""Hold one use-case for each stage, on the protocols of `waveflow.ports`."""
