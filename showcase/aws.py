"""What all facades over AWS share: the clients, the check of each answer, and the translation of AWS' errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import boto3
import botocore.session
from boto3.exceptions import Boto3Error
from botocore.awsrequest import (
    AWSConnection,
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from showcase.aws_answers import GuardedParsers, UnexpectedAnswer, watch_answers
from showcase.deadlines import DEADLINES, DeadlinePassed, limited, watch_connection
from showcase.dependencies import DependencyName
from showcase.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 3
READ_SECONDS = 15
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """The time of one call. ``deadline`` is the name of its limit in ``DEADLINES``; empty: that of its dependency."""

    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    attempts: int = ATTEMPTS
    deadline: str = ""


NEEDED = Budget()  # the work cannot go on without this call
# A request or a stop waits for the call, and the work goes on without it.
OPTIONAL = Budget(connect_seconds=1, read_seconds=1.5, attempts=1, deadline="optional call")
# A sweep makes the call, and repeats it in its next run.
BACKGROUND = Budget(connect_seconds=2, read_seconds=5, attempts=1, deadline="background call")


class Aws:
    """Makes clients for a region, or for the endpoint of an emulator. boto3 finds the credentials by itself.

    A call of a client returns only an answer that ``showcase.aws_answers`` expects.
    """

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self.endpoint_url = endpoint_url
        core = botocore.session.get_session()
        core.register_component("response_parser_factory", GuardedParsers())
        self._session = boto3.session.Session(region_name=region, botocore_session=core)

    def sqs(self, budget: Budget = NEEDED) -> "SQSClient":
        client: SQSClient = self._client("sqs", _config(budget))
        return client

    def s3(self, budget: Budget = NEEDED, *, connections: int) -> "S3Client":
        # Links are signed with SigV4, because newer regions take no other signature. "virtual" signs links for the
        # endpoint of the region. "auto" would sign them for the global endpoint, which redirects requests for new
        # buckets of other regions, and a redirected upload fails. Emulators do not resolve bucket.host: "path".
        style: Literal["path", "virtual"] = "path" if self.endpoint_url else "virtual"
        s3_only = Config(signature_version="s3v4", s3={"addressing_style": style})
        config = _config(budget, connections=connections).merge(s3_only)
        client: S3Client = self._client("s3", config)
        return client

    def autoscaling(self, budget: Budget = NEEDED) -> Any:
        return self._client("autoscaling", _config(budget))

    def _client(self, service: Literal["sqs", "s3", "autoscaling"], config: Config) -> Any:
        client = self._session.client(service, endpoint_url=self.endpoint_url, config=config)
        watch_answers(client.meta.events)
        return _with_deadlines(client)


class _Watched(AWSConnection):
    """A connection whose socket is shut down when the call that uses it is late (``showcase.deadlines``)."""

    sock: Any

    def request(self, *arguments: Any, **keywords: Any) -> Any:
        watch_connection(lambda: self.sock.fileno() if self.sock else None)
        answer = super().request(*arguments, **keywords)
        # If the answer closes the connection, this object drops its reference to the socket before the body is read.
        used = self.sock
        watch_connection(lambda: used.fileno() if used else None)
        return answer


class _WatchedHttp(_Watched, AWSHTTPConnection):  # type: ignore[misc]
    """A connection to a URL with ``http``."""


class _WatchedHttps(_Watched, AWSHTTPSConnection):  # type: ignore[misc]
    """A connection to a URL with ``https``."""


class _HttpPool(AWSHTTPConnectionPool):
    ConnectionCls = _WatchedHttp


class _HttpsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _WatchedHttps


C = TypeVar("C")


def _with_deadlines(client: C) -> C:
    """Let the client make connections that are watched. botocore has no setting for it; a test holds that it works."""
    session: Any = client._endpoint.http_session  # type: ignore[attr-defined]
    session._manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return client


def _config(budget: Budget, *, connections: int = 10) -> Config:
    """Timeouts and retries of one client. No call may hang, and no retries may hide an outage for minutes."""
    return Config(
        connect_timeout=budget.connect_seconds,
        read_timeout=budget.read_seconds,
        retries={"mode": "standard", "total_max_attempts": budget.attempts},
        max_pool_connections=connections,
        tcp_keepalive=True,
        # CloudTrail shows this name. boto3 builds its own again for every call, at a tenth of the call's CPU time.
        user_agent="anb-rising-stars",
    )


@contextmanager
def translated(dependency: DependencyName, operation: str, *, deadline: str = "") -> Iterator[None]:
    """Turn any error that boto3 raises inside the block into Unavailable.

    ``deadline`` is a name in ``DEADLINES``; by default it is that of a call to the dependency.
    """
    try:
        with limited(DEADLINES[deadline or f"{dependency} call"].seconds):
            yield
    except UnexpectedAnswer as error:
        raise Unavailable(dependency, operation, kind=f"UnexpectedAnswer: {error}") from error
    except (BotoCoreError, HTTPClientError, ClientError, Boto3Error, DeadlinePassed) as error:
        code = error_code(error) if isinstance(error, ClientError) else ""
        raise Unavailable(dependency, operation, kind=code or type(error).__name__) from error


def error_code(error: ClientError) -> str:
    """The code that AWS gave the error, for example ``NoSuchKey``; empty if it gave none."""
    return str(error.response.get("Error", {}).get("Code", ""))
