"""Implement the protocols of `waveflow.ports`, a technology in each module."""
