"""WaveFlow: the audio back end of a music-collaboration platform."""
