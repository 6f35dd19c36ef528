"""Run a demonstration of the whole pipeline: `make run`."""
