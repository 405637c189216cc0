"""The lines of a log file, in bounded memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cloudwatch.emf.event_pages import begins_with_events, split_events
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX

COMPRESSIONS_MAX = 3  # Firehose compresses records that a subscription has compressed already
_GZIP_MAGIC = b"\x1f\x8b"


def log_lines(path: Path, bytes_max: int = DOCUMENT_BYTES_MAX) -> Iterator[str]:
    """The lines of a log, plain or compressed with gzip (decided by its first bytes).

    The output of FilterLogEvents and GetLogEvents and the records of a subscription are read, too: each event is
    yielded as a line, which ``cloudwatch.emf.transports`` unwraps.

    A line that cannot be a document is yielded in a form that the reader refuses, so that reading continues. Bytes that
    are not UTF-8 become half surrogate pairs, and a line that is too long is cut just beyond ``bytes_max``. Raises
    OSError; gzip.BadGzipFile, an OSError, if the compressed data are damaged or incomplete.
    """
    with path.open("rb") as file:
        try:
            raw = _uncompressed(file)
            text = io.TextIOWrapper(raw, "utf-8", "surrogateescape", newline="\n")
            yield from split_events(text, bytes_max) if begins_with_events(raw.peek()) else _lines(text, bytes_max)
        except (EOFError, zlib.error) as error:
            raise gzip.BadGzipFile(f"{path}: {error}") from error


def whole_lines(path: Path) -> Iterator[str]:
    """The lines of a plain log that end. A log that a process is writing may end with a part of a line: it is left out.

    Raises OSError.
    """
    with path.open(encoding="utf-8", newline="\n") as log:
        for line in log:
            if line.endswith("\n"):
                yield line


def _uncompressed(raw: io.BufferedReader) -> io.BufferedReader:
    for _ in range(COMPRESSIONS_MAX):
        if not raw.peek(2).startswith(_GZIP_MAGIC):
            break
        raw = io.BufferedReader(gzip.GzipFile(fileobj=raw, mode="rb"))
    return raw


def _lines(log: io.TextIOWrapper, bytes_max: int) -> Iterator[str]:
    limit = bytes_max + len("\r\n")  # in characters, each of which takes at least one byte
    for line in iter(partial(log.readline, limit), ""):
        if len(line) == limit and not line.endswith("\n"):  # too long: skip the rest
            while (part := log.readline(limit)) and not part.endswith("\n"):
                pass
        yield line
