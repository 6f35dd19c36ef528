"""Put the API before the running pipeline."""

import os
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from support.http_api import Api
from support.world import World
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow_local.console.api_server import environment
from waveflow_local.console.place import Place

Environment = dict[str, str]


@pytest.fixture(scope="module")
def settings(world: World) -> Environment:
    """Return the API's environment on the pipeline's engine."""
    place = Place(endpoint=world.pipeline.endpoint)
    return dict(os.environ) | environment(place)


@pytest.fixture(scope="module")
def services(settings: Environment) -> ApiServices:
    """Return the API's services in that environment."""
    return ApiServices(settings)


@pytest.fixture(scope="module")
def api(services: ApiServices) -> Iterator[Api]:
    """Return the application, asked in this process."""
    app = create_app(services)
    with TestClient(app, follow_redirects=False) as client:
        yield Api(client)


@pytest.fixture
def configured(settings: Environment) -> Callable[..., TestClient]:
    """Return a maker of applications with other settings."""

    def make(**changed: str) -> TestClient:
        app = create_app(ApiServices(settings | changed))
        return TestClient(app, follow_redirects=False)

    return make
