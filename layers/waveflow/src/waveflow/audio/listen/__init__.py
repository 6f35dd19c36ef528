"""Measure audio: loudness, faults of stems, tempo and musical key."""
