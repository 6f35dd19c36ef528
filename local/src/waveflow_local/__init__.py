"""Run WaveFlow's pipeline on a developer's machine; no image contains this."""
