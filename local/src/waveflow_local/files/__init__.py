"""Hash, draw, analyze, mix and plot plain files."""
