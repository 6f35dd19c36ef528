"""Offer the `waveflow` command."""
