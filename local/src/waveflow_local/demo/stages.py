"""Name the stages whose images `make invoke` runs."""

STAGES = ("hash", "dedupe_delete", "waveform", "music", "mix", "compare", "notify")
EVERY_STAGE = "start-lambda"  # SAM's own name for serving all of them
