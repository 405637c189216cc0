"""JSON logs on stderr. Each line can be read alone, and has the ids of its request or job."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

# Libraries log what this system measures, or what reaches it as an error and is logged once.
LIBRARY_LEVELS = {
    **dict.fromkeys(
        ("aws_embedded_metrics", "boto3", "botocore", "s3transfer", "sqlalchemy", "urllib3"), logging.WARNING
    ),
    "urllib3.connectionpool": logging.ERROR,  # a full pool of connections costs a handshake, and nothing fails
    "waitress": logging.WARNING,  # a client that closes its connection
    "waitress.queue": logging.ERROR,  # a line for each request that waits: the metric RequestsWaiting counts them
}

_context: ContextVar[dict[str, str]] = ContextVar("log_context")


class _AddContext(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _context.get({}).items():
            setattr(record, name, value)
        return True


@contextmanager
def log_context(**ids: str) -> Iterator[None]:
    """Add ids (request_id, video_id, …) to every line that this thread logs inside the block."""
    token = _context.set({**_context.get({}), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def enter_log_context(**ids: str) -> None:
    """Replace the ids on every line that this thread logs from now on."""
    _context.set(ids)


def add_to_log_context(**ids: str) -> None:
    """Add ids to every line that this thread logs from now on."""
    _context.set({**_context.get({}), **ids})


def start_logging(level: str, service: str) -> None:
    """Send all logs of this process to stderr, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        static_fields={"service": service},
        datefmt="%Y-%m-%dT%H:%M:%SZ",
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_AddContext())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for library, level_min in LIBRARY_LEVELS.items():
        logging.getLogger(library).setLevel(level_min)
