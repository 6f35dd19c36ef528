"""One use-case each, on the protocols of `waveflow.ports`."""
