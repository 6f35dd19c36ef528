"""WaveFlow: the audio back end of a music-collaboration platform."""

import os

# Two threads of OpenBLAS spin while they wait for each other: 3 to 6 times the CPU of
# the loudness meter. numpy reads the variable once, and nothing here comes before this.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
