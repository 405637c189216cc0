"""JSON logs on stderr. Each line can be read alone, and has the ids of its request or job."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

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
    for library in ("botocore", "boto3", "urllib3", "aws_embedded_metrics", "s3transfer"):
        logging.getLogger(library).setLevel(logging.WARNING)
