"""Recognise, parse and decode each accepted container and codec."""
