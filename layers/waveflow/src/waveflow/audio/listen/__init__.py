"""Measure what a file sounds like: loudness, faults of stems, tempo, key."""
