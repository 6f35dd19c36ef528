"""Keep the pipeline and its page running: `waveflow up`."""
