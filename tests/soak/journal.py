"""A log of all calls and answers, one JSON object a line. A line is on the disk before the call goes on.

As in the history of a Jepsen test, each call is noted when it is made and when it ends. An ``ok`` call was carried out.
``refused`` and ``failed`` calls were not. An ``unknown`` call got no answer or a 5xx, and may have been carried out.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class End(StrEnum):
    """How a call ended."""

    OK = "ok"
    REFUSED = "refused"  # the API answered 4xx
    FAILED = "failed"  # the request never arrived
    UNKNOWN = "unknown"
    UNDOCUMENTED = "undocumented"  # an answer that the OpenAPI document does not promise


class Journal:
    """Safe for any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, who: str, what: str, **facts: Any) -> None:
        line = json.dumps({"at": round(time.time(), 3), "who": who, "what": what, **facts}, default=str)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> Iterator[Event]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
