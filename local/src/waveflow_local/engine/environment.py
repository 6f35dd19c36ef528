"""Set the environment that a Lambda function would have, with local values."""

import os
from collections.abc import Mapping

from waveflow.bootstrap import services

from waveflow_local import paths
from waveflow_local.engine.clients import Clients
from waveflow_local.engine.template import Template

_OF_AN_ACCOUNT = ("AWS_PROFILE", "AWS_SESSION_TOKEN")


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return variables with which boto3 reaches the engine, and no real AWS account."""
    return {
        "WAVEFLOW_LOCAL": "1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": paths.REGION,
        "AWS_DEFAULT_REGION": paths.REGION,
        "AWS_ACCESS_KEY_ID": paths.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": paths.SECRET_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{paths.LOOPBACK},localhost",
        "no_proxy": f"{paths.LOOPBACK},localhost",
    }


class FunctionsEnvironment:
    """Set the Lambda functions' environment variables for as long as they run here."""

    def __init__(self, template: Template, clients: Clients) -> None:
        self._variables = aws_environment(clients.endpoint)
        self._variables["MOTO_PORT"] = clients.endpoint.rpartition(":")[2]
        for name in template.functions():
            self._variables |= template.environment(name)
        self._before: dict[str, str] = {}

    def __enter__(self) -> Mapping[str, str]:
        """Set the Lambda functions' environment variables, and return them."""
        self._before = dict(os.environ)
        for name in _OF_AN_ACCOUNT:
            os.environ.pop(name, None)
        os.environ.update(self._variables)
        services.cache_clear()
        return self._variables

    def __exit__(self, *_exc: object) -> None:
        """Restore the environment variables to their earlier values."""
        os.environ.clear()
        os.environ.update(self._before)
        services.cache_clear()
