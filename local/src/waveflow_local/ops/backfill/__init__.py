"""Back-fill: draw what is missing or stale of a list of stems."""
