"""Implement the protocols of `waveflow.ports` on AWS and HTTP."""
