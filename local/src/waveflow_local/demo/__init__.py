"""Run a whole demonstration: `make run`."""
