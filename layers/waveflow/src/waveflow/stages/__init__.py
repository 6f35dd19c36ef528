"""Hold the use case of each pipeline stage, on the protocols of `waveflow.ports`."""
