"""Recognise, parse and decode each accepted audio container and codec."""
