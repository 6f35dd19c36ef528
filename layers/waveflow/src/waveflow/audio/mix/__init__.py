"""Mix stems into one WAV or FLAC file."""
