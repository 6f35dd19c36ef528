"""Encode small previews of recordings, for browsers to play."""
