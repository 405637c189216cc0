"""The checks of the architecture find a violation of each kind that a test puts into a copy of the code."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.__main__ import find_violations
from tests.architecture.sources import ROOT, rooms

# (file, code that is put at its end, text of the violation). The test runs the commands of ``make check``.
IMPORTS = [
    ("worker/slots.py", "import benchmarks", "worker is not allowed to import benchmarks"),
    ("service/draining.py", "import worker.slots", "service is not allowed to import worker"),
    ("showcase/votes.py", "import telemetry.sink", "showcase is not allowed to import telemetry"),
    ("cloudwatch/series.py", "import showcase.errors", "cloudwatch is not allowed to import showcase"),
    ("alarms/check/lint.py", "import telemetry.sink", r"alarms\.check\.lint -> telemetry\.sink"),
    ("local/client.py", "import benchmarks.measure", "local is not allowed to import benchmarks"),
    ("benchmarks/measure.py", "import tests", r"benchmarks\.measure -> tests"),
    ("worker/loop.py", "import celery_bridge", r"worker\.loop -> celery_bridge"),
    ("showcase/passwords.py", "import falcon", r"showcase\.passwords -> falcon"),
    ("worker/progress.py", "import boto3", r"worker\.progress -> boto3"),
    ("showcase/errors.py", "import showcase.votes", r"No cycles are allowed in showcase"),
]
RULES = [
    ("showcase/database/pages.py", "with open('/etc/hostname') as file:\n    HOST = 1", "a with statement at import"),
    ("showcase/votes.py", "if True:\n    from os import environ", "a if statement at import"),
    ("showcase/votes.py", "if True:\n    from os import environ", r"os\.environ is used outside"),
    (
        "worker/slots.py",
        "import socket\ntry:\n    socket.create_connection(('::1', 9))\nexcept OSError:\n    pass",
        "a try",
    ),
    ("telemetry/sink.py", "for _ in range(2):\n    pass", "a for statement at import"),
    ("worker/breaker.py", "print('hello')", "a expr statement at import"),
    ("alarms/replay.py", "import subprocess\nDONE = subprocess.run(['true'])", r"a call of subprocess\.run at import"),
    ("alarms/replay.py", "class Lazy:\n    path = open('/etc/hostname')", "a call of open at import"),
    ("cloudwatch/metric.py", "def f(stream=open('/etc/hostname')):\n    pass", "a call of open at import"),
    ("local/client.py", "HOST = __import__('pathlib').Path('/etc/hostname').read_text()", "a call of __import__"),
    ("service/draining.py", "import os\nHOME = os.environ['HOME']", r"os\.environ is used outside"),
    ("showcase/orphans.py", "import time\ndef now():\n    return time.time()", r"time\.time reads the clock"),
    ("worker/slots.py", "from datetime import datetime\nNOW = datetime.utcnow", r"datetime\.utcnow reads the clock"),
    ("worker/breaker.py", "from datetime import datetime as moment", r"datetime\.datetime reads the clock"),
    ("telemetry/sink.py", "import time as clock", r"time reads the clock"),
    ("worker/workspace.py", "def age(path):\n    return path.stat().st_mtime", r"st_mtime reads the clock"),
    ("service/draining.py", "from time import time_ns", r"time\.time_ns reads the clock"),
    ("service/paging.py", "class Database:\n    pass", "class name Database stands twice"),
    ("worker/videos.py", '"""Another file of that name."""', r"file name videos\.py stands twice"),
]
# The statements of this file do not show the violation. Only the interpreter's audit events do.
AUDITED = (
    "worker/errors.py",
    "def _load():\n    return open('/etc/hostname').read()\n\nHOST = _load()",
    "open /etc/hostname",
)


@dataclass(frozen=True)
class Reports:
    imports: str
    rules: str


def planted(copy: Path, plants: list[tuple[str, str, str]]) -> None:
    for file, code in dict.fromkeys((file, code) for file, code, _ in plants):
        with (copy / file).open("a") as source:
            source.write(f"\n\n{code}\n")


@pytest.fixture(scope="module")
def make_copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    def make() -> Path:
        copy = tmp_path_factory.mktemp("planted") / "copy"
        ignored = shutil.ignore_patterns("__pycache__", "*.mp4", "*.json")
        for room in (*rooms(ROOT), ROOT / "tests" / "architecture"):
            shutil.copytree(room, copy / room.relative_to(ROOT), ignore=ignored)
        (copy / "tests" / "__init__.py").touch()
        shutil.copy(ROOT / "pyproject.toml", copy)
        return copy

    return make


@pytest.fixture(scope="module")
def reports(make_copy: Callable[[], Path]) -> Reports:
    """The output of both commands for copies that have every violation."""
    with_imports, with_the_rest = make_copy(), make_copy()
    planted(with_imports, IMPORTS)
    planted(with_the_rest, [*RULES, AUDITED])
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=with_imports,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 1
    return Reports(" ".join(lint.stdout.split()), "\n".join(find_violations(with_the_rest)))


@pytest.mark.parametrize(("file", "code", "said"), IMPORTS)
def test_a_forbidden_import_is_found(reports: Reports, file: str, code: str, said: str) -> None:
    assert re.search(said, reports.imports), (file, code)


@pytest.mark.parametrize(("file", "code", "said"), RULES)
def test_a_violation_is_found_with_its_file(reports: Reports, file: str, code: str, said: str) -> None:
    lines = [line for line in reports.rules.splitlines() if re.search(said, line)]
    assert any(file in line for line in lines), (code, reports.rules)


def test_the_audit_hook_finds_what_a_function_does_at_import(reports: Reports) -> None:
    file, _, said = AUDITED
    assert any(file in line and said in line for line in reports.rules.splitlines())


def test_the_product_breaks_no_rule() -> None:
    assert list(find_violations(ROOT)) == []
