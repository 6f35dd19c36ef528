"""Hash, draw, analyze, mix and plot audio files without the pipeline."""
