"""HTTP entry point of the API, as a FastAPI application for uploads and jobs."""

from waveflow.api.app import create

__all__ = ["create"]
