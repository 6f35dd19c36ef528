"""Draw waveforms: peaks, audiowaveform data, zoom levels, the document."""
