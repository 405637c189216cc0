"""The contestants: ours and the peers, each started as its users start it, with one process and as many threads."""

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured_process import MeasuredProcess
from local.system.aws_emulator import CREDENTIALS, REGION
from local.system.processes import free_port
from service.access_tokens import Tokens

BUCKET = "anb-bench"
OURS, FASTAPI, FLASK = "ours: Falcon + waitress", "FastAPI + uvicorn", "Flask + gunicorn"
NOWHERE = "http://127.0.0.1:1/000000000000"  # no queue: what is measured sends nothing


@dataclass(frozen=True, slots=True)
class Place:
    """Where the servers work: their database, their logs, the programs of the peers, the threads of each."""

    database_url: str
    logs: Path
    peers: Path
    threads: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started. ``ready`` are words of its log; ``tokens`` are those that it wants, if any."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    port: int
    ready: str
    tokens: Tokens | None = None

    def start(self, place: Place) -> MeasuredProcess:
        return MeasuredProcess(self.command, self.environment, place.logs / f"{self.port}.log")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def servers(place: Place) -> list[Server]:
    """In the order of the table."""
    return [_ours(place), _fastapi(place), _flask(place)]


def _ours(place: Place) -> Server:
    """With all that it has: metrics into a file, tokens, limits, headers, the sweeper of the outbox."""
    port, secret = free_port(), secrets.token_urlsafe(48)
    environment = {
        **CREDENTIALS,
        "ANB_DATABASE_URL": place.database_url,
        "ANB_BUCKET": BUCKET,
        "ANB_JWT_SECRET": secret,
        "ANB_API_PORT": str(port),
        "ANB_API_THREADS": str(place.threads),
        "ANB_EMF_DESTINATION": f"file:{place.logs / 'emf.log'}",
        "sqs_queue_url": f"{NOWHERE}/jobs",
        "sqs_dead_letter_queue_url": f"{NOWHERE}/dead",
        "sqs_region": REGION,
    }
    command = [sys.executable, "-m", "service"]
    return Server(OURS, command, environment, port, "listening on", Tokens(secret, 3600))


def _fastapi(place: Place) -> Server:
    """uvicorn with its fast loop and parser, and without its access log."""
    port = free_port()
    options = ["--port", str(port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command = [str(place.peers / "uvicorn"), "benchmarks.api.peers.fastapi_app:app", *options]
    return Server(FASTAPI, command, _peer_environment(place), port, "Uvicorn running on")


def _flask(place: Place) -> Server:
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1"]
    command = [str(place.peers / "gunicorn"), "benchmarks.api.peers.flask_app:app", *options]
    return Server(
        FLASK, [*command, "--threads", str(place.threads)], _peer_environment(place), port, "Booting worker with pid"
    )


def _peer_environment(place: Place) -> dict[str, str]:
    url = place.database_url.replace("postgresql:", "postgresql+psycopg2:", 1)
    peer = {"PEER_DATABASE_URL": url, "PEER_BUCKET": BUCKET, "PEER_THREADS": str(place.threads)}
    return {**CREDENTIALS, **peer}
