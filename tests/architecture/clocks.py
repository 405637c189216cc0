"""No decision uses the clock of a process, which may be days off. The database and the storage tell the time.

Durations inside one process come from ``time.monotonic`` and ``time.perf_counter``, which cannot be set.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.architecture.sources import is_written_for_another_program, product_files

# The functions that read the clock, by their module or class. The times of files come from the same clock.
_READERS = {
    "time": {"time", "time_ns", "clock_gettime", "clock_gettime_ns", "gmtime", "localtime", "ctime", "strftime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "uuid": {"uuid1"},
}
_TIMES_OF_FILES = {"st_mtime", "st_ctime", "st_atime", "st_mtime_ns", "st_ctime_ns", "st_atime_ns", "getmtime"}
_TOOLS = {"local", "console", "benchmarks", "cloudwatch"}  # no process of the product uses them

ALLOWED: Mapping[str, str] = MappingProxyType(
    {
        "service/access_tokens.py": "when a token ends: a wrong clock costs a log-in, and deletes nothing",
        "showcase/storage/links.py": "how long a signed link is handed out again: the storage decides when it ends",
        "worker/redrive/dead_letters.py": "an age that is shown to an operator",
        "worker/doctor/checks.py": "the check that compares this clock with the database's",
        "telemetry/logs.py": "the time of a log line",
    }
)


def readers_of_the_clock(root: Path) -> Iterator[str]:
    """Yield a line for each place that reads the clock of the process, and for each file of ALLOWED that does not."""
    unused = set(ALLOWED)
    for path in product_files(root):
        place = path.relative_to(root).as_posix()
        if path.relative_to(root).parts[0] in _TOOLS or is_written_for_another_program(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _clocks_of(node):
                unused.discard(place)
                if place not in ALLOWED:
                    yield f"{place}:{getattr(node, 'lineno', 1)}: {name} reads the clock of the process"
    yield from (f"{place} is allowed to read the clock of the process, and does not" for place in sorted(unused))


def _clocks_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value).rpartition(".")[2]
        if node.attr in _READERS.get(owner, ()) or node.attr in _TIMES_OF_FILES:
            yield f"{owner}.{node.attr}"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        readers = _READERS.get(module, set()) if module != "datetime" else set()
        for alias in node.names:
            # Under another name, the reads of the module would not be found.
            is_renamed = alias.asname is not None and alias.name in _READERS
            if alias.name in readers | _TIMES_OF_FILES or is_renamed:
                yield f"{module}.{alias.name}".lstrip(".")
