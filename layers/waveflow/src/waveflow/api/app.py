"""Build the FastAPI application of the HTTP API."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from waveflow.api.auth import RateLimit, StreamSeats
from waveflow.api.bootstrap import ApiServices, api_services
from waveflow.api.docs_page import serve_docs
from waveflow.api.openapi import describe
from waveflow.api.problems import answer_problems
from waveflow.api.routes import routes

CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"]


def create() -> FastAPI:
    """Return the FastAPI application, configured by the environment variables."""
    return create_app(api_services())


def create_app(services: ApiServices) -> FastAPI:
    """Return the FastAPI application that uses these services."""
    app = FastAPI(
        title="WaveFlow",
        version="1",
        description="Upload audio, follow its job, fetch the result.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    # A limit built by the first request could be built twice by two at once.
    app.state.rate_limit = RateLimit(
        services.http.per_second, burst=services.http.burst
    )
    app.state.stream_seats = StreamSeats(services.http.streams)
    answer_problems(app)
    if services.http.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.http.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=CORS_HEADERS,
            expose_headers=["Retry-After"],
        )
    app.include_router(routes)
    describe(app)
    serve_docs(app)
    return app
