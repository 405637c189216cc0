"""The lines of a log file, in bounded memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX

_GZIP_MAGIC = b"\x1f\x8b"


def log_lines(path: Path, bytes_max: int = DOCUMENT_BYTES_MAX) -> Iterator[str]:
    """The lines of a log, plain or compressed with gzip (decided by its first bytes).

    A line that cannot be a document is yielded in a form that a reader refuses, so that the reader can go on: bytes
    that are not UTF-8 become half surrogate pairs, and a line that is too long is cut just beyond ``bytes_max``.
    Raises OSError; gzip.BadGzipFile, an OSError, if the compressed data are damaged or incomplete.
    """
    with path.open("rb") as file:
        compressed = file.peek(2).startswith(_GZIP_MAGIC)
        try:
            yield from _lines(io.BufferedReader(gzip.GzipFile(fileobj=file)) if compressed else file, bytes_max)
        except (EOFError, zlib.error) as error:
            raise gzip.BadGzipFile(f"{path}: {error}") from error


def _lines(log: BinaryIO | io.BufferedReader, bytes_max: int) -> Iterator[str]:
    limit = bytes_max + len("\r\n")
    while line := log.readline(limit):
        if len(line) == limit and not line.endswith(b"\n"):  # too long: skip the rest
            while (part := log.readline(limit)) and not part.endswith(b"\n"):
                pass
        yield line.decode(errors="surrogateescape")
