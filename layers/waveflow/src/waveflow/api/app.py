"""Build the FastAPI application of the HTTP API."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from waveflow.api.auth import RateLimit, StreamSeats
from waveflow.api.bootstrap import ApiServices, api_services
from waveflow.api.compare_routes import compare_routes
from waveflow.api.docs_page import serve_docs
from waveflow.api.documents import HeadAsGet
from waveflow.api.openapi import describe
from waveflow.api.problems import answer_problems
from waveflow.api.routes import routes
from waveflow.api.schemas import HealthBody

CORS_HEADERS = [
    *("Authorization", "Content-Type", "Idempotency-Key"),
    *("If-None-Match", "Last-Event-ID"),
]


def create() -> FastAPI:
    """Return the FastAPI application, configured by the environment variables."""
    return create_app(api_services())


def health() -> HealthBody:
    """Tell a load balancer that this process answers, without asking AWS."""
    return HealthBody()


def create_app(
    services: ApiServices, *, docs: Callable[[FastAPI], None] = serve_docs
) -> FastAPI:
    """Return the FastAPI application that uses these services.

    `docs` adds the page that shows the OpenAPI document.
    """
    app = FastAPI(
        title="WaveFlow",
        version="1",
        description="Upload audio, follow its job, fetch the result.",
        docs_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
        redoc_url=None,
    )
    app.state.services = services
    # A limit built by the first request could be built twice by two at once.
    app.state.rate_limit = RateLimit(
        services.http.per_second, burst=services.http.burst
    )
    app.state.stream_seats = StreamSeats(services.http.streams)
    answer_problems(app)
    app.add_middleware(HeadAsGet)
    if services.http.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.http.origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=CORS_HEADERS,
            expose_headers=["ETag", "Retry-After"],
        )
    app.include_router(routes)
    app.include_router(compare_routes)
    app.add_api_route("/health", health, tags=["operation"])
    describe(app)
    docs(app)
    return app
