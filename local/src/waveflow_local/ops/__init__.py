"""Operate a deployed stack: restore deletions, rerun executions, check health."""
