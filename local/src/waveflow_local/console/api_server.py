"""Run the HTTP API against a local engine."""

import os
import socket
from typing import IO, TYPE_CHECKING

from waveflow.bootstrap import list_of

from waveflow_local import paths
from waveflow_local.console.dev_tokens import ISSUER, key_set
from waveflow_local.console.place import Place
from waveflow_local.engine.environment import aws_environment
from waveflow_local.engine.template import Template, local_name
from waveflow_local.paths import LocalError, Project

if TYPE_CHECKING:
    from fastapi import FastAPI

DEFAULT_API_PORT = 8000
_STREAMS_END_WITHIN_S = 1
_SHARED = (  # the shared variables that the API reads
    "BUCKET_NAME",
    "ALLOWED_PREFIXES",
    "MAX_FILE_SIZE_MB",
)


def serve(place: Place, *, out: IO[str]) -> None:
    """Print the HTTP API's URL, then answer requests until the process is ended."""
    import uvicorn

    bound = _bind(place.port)
    with bound:
        url = paths.endpoint(bound.getsockname()[1])
        os.environ.update(environment(place))
        if place.require_token:
            os.environ.update(production_access(url))
        app = application(place)
        print(url, file=out, flush=True)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_STREAMS_END_WITHIN_S,
        )
        uvicorn.Server(config).run(sockets=[bound])


def application(place: Place) -> "FastAPI":
    """Return the HTTP API together with the web page and the page's own routes."""
    from waveflow.api.app import create_app
    from waveflow.api.bootstrap import ApiServices

    from waveflow_local.console import pages, playground
    from waveflow_local.console.hosts import OwnHosts
    from waveflow_local.console.swagger import serve_swagger

    project = Project()
    services = ApiServices(dict(os.environ))
    app: FastAPI = create_app(services, docs=serve_swagger)
    app.include_router(playground.routes)
    app.state.playground = playground.Playground(place, services)
    pages.mount(app, project)
    app.add_middleware(OwnHosts)
    return app


def environment(place: Place) -> dict[str, str]:
    """Return the environment variables of the API on AWS, with local values."""
    shared = Template.read(Project().template, {}).shared_environment()
    return {
        **aws_environment(place.endpoint),
        **{name: shared[name] for name in _SHARED},
        "STATE_MACHINE_ARN": paths.MACHINE_ARN,
        "API_SECRET_ARN": local_name("ApiSecret"),
        "API_EXTERNAL_SECRET_ARN": local_name("ExternalSecret"),
        "API_TOKEN_KEYS": key_set(),
        "API_TOKEN_ISSUER": ISSUER,
        "API_RATE_PER_SECOND": os.environ.get("API_RATE_PER_SECOND", "200"),
        "API_RATE_BURST": os.environ.get("API_RATE_BURST", "1000"),
    }


def production_access(url: str) -> dict[str, str]:
    """Return variables by which the API demands a token and names its pages."""
    return {
        "API_REQUIRE_TOKEN": "1",
        "API_CORS_ORIGINS": ",".join(allowed_origins(url)),
    }


def page_origin(url: str) -> str:
    """Return the page's origin: `localhost`, which is another than the API's own."""
    return url.replace(paths.LOOPBACK, "localhost")


def allowed_origins(url: str) -> list[str]:
    """Return the web origins that may ask the API: our page's, and the developer's."""
    return [page_origin(url), *list_of(os.environ.get("API_CORS_ORIGINS", ""))]


def _bind(port: int | None) -> socket.socket:
    wanted = DEFAULT_API_PORT if port is None else port
    try:
        return socket.create_server((paths.LOOPBACK, wanted), backlog=1024)
    except OSError as exc:
        if port is None:
            return socket.create_server((paths.LOOPBACK, 0), backlog=1024)
        raise LocalError(
            f"Port {port} of {paths.LOOPBACK} is in use; choose another for the API."
        ) from exc
