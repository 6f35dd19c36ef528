"""Serve the HTTP API of seed 004: a wing that no stage imports."""
