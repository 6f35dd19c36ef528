"""Operate a stack: undo, rerun, look at its health."""
