"""Turn waveform documents into pictures: SVG and PNG."""
