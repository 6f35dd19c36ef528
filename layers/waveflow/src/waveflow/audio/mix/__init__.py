"""Mix stems into one WAV file."""
