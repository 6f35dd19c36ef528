"""Cache what moto would compute again for each request and each execution."""

import functools
from typing import Any

from botocore.config import Config
from moto import backends
from moto.settings import moto_server_port
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import (
    lambda_eval_utils,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from waveflow_local import paths
from waveflow_local.engine.clients import local_session
from waveflow_local.engine.moto.patching import internal, replace

_LONGEST_TASK_S = 1000  # more than Lambda's own 900


def apply() -> None:
    """Apply the caches that make moto faster; a second call changes nothing."""
    _parse_once()
    _invoke_by_one_client()
    _list_modules_once()


def _parse_once() -> None:
    """Parse each state machine once; moto parses the definition for every execution."""
    original = internal(AmazonStateLanguageParser, "parse")
    if not hasattr(original, "cache_info"):
        # A parsed definition holds no state of an execution; the env holds all.
        parse = functools.lru_cache(maxsize=64)(original)
        replace(AmazonStateLanguageParser, "parse", staticmethod(parse))
        # moto made the key on first use, so parallel executions could disagree.
        replace(EvalComponent, "heap_key", property(lambda self: str(id(self))))


def _invoke_by_one_client() -> None:
    """Invoke Lambda by one boto3 client; moto creates a client for every task."""

    @functools.lru_cache(maxsize=4)
    def client(endpoint: str, region: str) -> Any:
        return local_session().client(
            "lambda",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                max_pool_connections=64,
                parameter_validation=False,
                proxies={},
                read_timeout=_LONGEST_TASK_S,
                retries={"total_max_attempts": 1},
            ),
        )

    def client_for(region: str, service: str, **_: object) -> Any:
        if service != "lambda":
            raise NotImplementedError(f"The local engine has no tasks of {service}.")
        return client(paths.endpoint(int(moto_server_port())), region)

    replace(lambda_eval_utils, "boto_client_for", client_for)


def _list_modules_once() -> None:
    """Cache the list of moto's services, which moto reads from disk per request."""
    original = backends.list_of_moto_modules
    if not hasattr(original, "cache_info"):
        modules = frozenset(original())
        listed = functools.lru_cache(maxsize=1)(lambda: modules)
        replace(backends, "list_of_moto_modules", listed)
