"""The servers: ours and the peers, each started as its users start it, with one process and the same threads."""

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured_process import MeasuredProcess
from local.system.aws_emulator import CREDENTIALS, REGION
from local.system.processes import free_port
from service.access_tokens import Tokens

BUCKET = "anb-bench"  # no server opens it: presigning a link needs only its name
OURS, FASTAPI, FLASK = "ours: Falcon + waitress", "FastAPI + uvicorn", "Flask + gunicorn"
NOWHERE = "http://127.0.0.1:1/000000000000"  # there is no queue, because the measured requests send no message


@dataclass(frozen=True, slots=True)
class ServerConditions:
    """The conditions that all servers share. ``peers`` is the folder of the peers' programs."""

    database_url: str
    logs: Path
    peers: Path
    threads: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started. ``ready``: what it logs once it is ready. ``tokens`` issues its tokens."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    port: int
    ready: str
    tokens: Tokens | None = None

    def start(self, conditions: ServerConditions) -> MeasuredProcess:
        return MeasuredProcess(self.command, self.environment, conditions.logs / f"{self.port}.log")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def servers(conditions: ServerConditions) -> list[Server]:
    """All servers, in the order of the table."""
    return [_ours(conditions), _fastapi(conditions), _flask(conditions)]


def _ours(conditions: ServerConditions) -> Server:
    """The whole product: metrics into a file, tokens, limits, headers, the sweeper of the outbox."""
    port, secret = free_port(), secrets.token_urlsafe(48)
    environment = {
        **CREDENTIALS,
        "ANB_DATABASE_URL": conditions.database_url,
        "ANB_BUCKET": BUCKET,
        "ANB_JWT_SECRET": secret,
        "ANB_API_PORT": str(port),
        "ANB_API_THREADS": str(conditions.threads),
        "ANB_EMF_DESTINATION": f"file:{conditions.logs / 'emf.log'}",
        "sqs_queue_url": f"{NOWHERE}/jobs",
        "sqs_dead_letter_queue_url": f"{NOWHERE}/dead",
        "sqs_region": REGION,
    }
    command = [sys.executable, "-m", "service"]
    return Server(OURS, command, environment, port, "listening on", Tokens(secret, 3600))


def _fastapi(conditions: ServerConditions) -> Server:
    """uvicorn with its fast loop and parser, and without its access log."""
    port = free_port()
    options = ["--port", str(port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command = [str(conditions.peers / "uvicorn"), "benchmarks.api.peers.fastapi_app:app", *options]
    return Server(FASTAPI, command, _peer_environment(conditions), port, "Uvicorn running on")


def _flask(conditions: ServerConditions) -> Server:
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1"]
    command = [str(conditions.peers / "gunicorn"), "benchmarks.api.peers.flask_app:app", *options]
    return Server(
        FLASK,
        [*command, "--threads", str(conditions.threads)],
        _peer_environment(conditions),
        port,
        "Booting worker with pid",
    )


def _peer_environment(conditions: ServerConditions) -> dict[str, str]:
    url = conditions.database_url.replace("postgresql:", "postgresql+psycopg2:", 1)
    peer = {"PEER_DATABASE_URL": url, "PEER_BUCKET": BUCKET, "PEER_THREADS": str(conditions.threads)}
    return {**CREDENTIALS, **peer}
