"""Keep the local pipeline and its web page running: `waveflow up`."""
