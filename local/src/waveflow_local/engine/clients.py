"""Make boto3 clients for the local engine, never for a real AWS account."""

from typing import TYPE_CHECKING

from waveflow_local import paths

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


class Clients:
    """Hold a boto3 client for each service of an engine; `agent` says who asks."""

    def __init__(self, endpoint: str, *, agent: str | None = None) -> None:
        from botocore.config import Config

        self.endpoint = endpoint
        session = local_session()
        config = Config(
            proxies={},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
            user_agent_extra=agent,
        )
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint, config=config)
        self.sqs: SQSClient = session.client(
            "sqs", endpoint_url=endpoint, config=config
        )
        self.sfn: SFNClient = session.client(
            "stepfunctions", endpoint_url=endpoint, config=config
        )
        self.secrets: SecretsManagerClient = session.client(
            "secretsmanager", endpoint_url=endpoint, config=config
        )


def local_session() -> "Session":
    """Return a boto3 session with the local engine's own access key and region."""
    import boto3

    return boto3.session.Session(
        aws_access_key_id=paths.ACCESS_KEY,
        aws_secret_access_key=paths.SECRET_KEY,
        region_name=paths.REGION,
    )
