"""One technology each, behind the protocols of `waveflow.ports`."""
