"""Turn waveform documents into pictures."""
