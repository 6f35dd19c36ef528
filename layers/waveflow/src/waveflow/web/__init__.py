"""Speak HTTP for the use-cases in `waveflow.jobs`."""
