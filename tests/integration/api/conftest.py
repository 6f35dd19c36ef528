"""Put the API before the running pipeline."""

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from fastapi.testclient import TestClient
from support.http_api import Api
from support.world import World
from waveflow.bootstrap import ApiServices
from waveflow_local.http.server import Place, environment, load_api


@pytest.fixture(scope="module")
def services(world: World) -> ApiServices:
    """Return the API's services on the pipeline's engine."""
    place = Place(endpoint=world.pipeline.endpoint)
    return ApiServices(dict(os.environ) | environment(place))


@pytest.fixture(scope="module")
def api(services: ApiServices) -> Iterator[Api]:
    """Return the application, asked in this process."""
    app = load_api().create_app(services)
    with TestClient(app, follow_redirects=False) as client:
        yield Api(client)


@pytest.fixture
def configured(services: ApiServices):
    """Return a maker of applications with other settings."""

    def make(**settings: str) -> TestClient:
        with mock.patch.dict(os.environ):
            changed = ApiServices({**services._environment, **settings})
        return TestClient(load_api().create_app(changed), follow_redirects=False)

    return make
