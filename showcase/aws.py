"""What the facades over AWS share: how clients are made, and AWS' errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from showcase.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 3
READ_SECONDS = 15
ATTEMPTS = 3


class Aws:
    """Where AWS is: the region, or an emulator's endpoint. Credentials come from boto3's own chain."""

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self.endpoint_url = endpoint_url
        self._session = boto3.session.Session(region_name=region)

    def sqs(self, *, read_seconds: int = READ_SECONDS, attempts: int = ATTEMPTS) -> "SQSClient":
        config = _config(read_seconds=read_seconds, attempts=attempts)
        return self._session.client("sqs", endpoint_url=self.endpoint_url, config=config)

    def s3(self, *, connections: int) -> "S3Client":
        # Links are signed with SigV4, the only kind that newer regions take; emulators resolve no bucket.host.
        # "auto" would sign links for the global endpoint, which answers for young buckets of other regions with a
        # redirection that no upload survives; "virtual" signs for the region's own.
        style: Literal["path", "virtual"] = "path" if self.endpoint_url else "virtual"
        s3_only = Config(signature_version="s3v4", s3={"addressing_style": style})
        config = _config(connections=connections).merge(s3_only)
        return self._session.client("s3", endpoint_url=self.endpoint_url, config=config)

    def autoscaling(self, *, read_seconds: int = READ_SECONDS, attempts: int = ATTEMPTS) -> Any:
        config = _config(read_seconds=read_seconds, attempts=attempts)
        return self._session.client("autoscaling", endpoint_url=self.endpoint_url, config=config)


def _config(*, read_seconds: int = READ_SECONDS, attempts: int = ATTEMPTS, connections: int = 10) -> Config:
    """Timeouts and retries for one client; nothing may hang, and nothing may hide an outage for minutes."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        tcp_keepalive=True,
        # Names us in CloudTrail; and boto3's own, put together for every call, is a tenth of the call's CPU time.
        user_agent="anb-rising-stars",
    )


@contextmanager
def translated(dependency: str, operation: str) -> Iterator[None]:
    """Turn whatever boto3 raises inside into Unavailable."""
    try:
        yield
    except (BotoCoreError, HTTPClientError, ClientError, Boto3Error, ResponseParserError) as error:
        raise Unavailable(dependency, operation, kind=_kind(error)) from error


def _kind(error: Exception) -> str:
    return (error_code(error) if isinstance(error, ClientError) else "") or type(error).__name__


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
