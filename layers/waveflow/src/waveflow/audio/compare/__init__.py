"""Compare two versions of a recording: offset, gain, and where they differ."""
