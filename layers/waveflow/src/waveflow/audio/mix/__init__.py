"""Sum stems into one file."""
