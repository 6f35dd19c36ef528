"""Reach AWS and the token issuer for the HTTP API."""
