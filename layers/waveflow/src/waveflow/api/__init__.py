"""Serve the HTTP API: a wing of the package that no stage imports."""
