"""HTTP entry point of the API: the routes of seed 004, and large uploads."""

from waveflow.api.app import create

__all__ = ["create"]
