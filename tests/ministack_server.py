"""MiniStack, a second emulator of SQS and S3: unlike moto, it refuses the receipt handle of an earlier delivery.

It pins the versions of its dependencies, so it has its own virtual environment, which is made at the first use.
``python -m tests.ministack_server`` replaces itself by the server in that environment.
"""

import fcntl
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.system.aws_emulator import CREDENTIALS, START_SECONDS, AwsEmulator
from local.system.processes import ManagedProcess, answers, free_port
from migrations.upgrade import ROOT

REQUIREMENTS = ROOT / "tests" / "ministack-requirements.txt"
HOME = ROOT / ".local" / "ministack-venv"
PYTHON = HOME / "bin" / "python"
INSTALL_SECONDS = 240


class MiniStackServer(AwsEmulator):
    """MiniStack on loopback. Its contents are lost when its process ends."""

    def __init__(self, log: Path) -> None:
        make_environment()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {"GATEWAY_PORT": str(self.port), "BIND_HOST": "127.0.0.1", "SERVICES": "s3,sqs"}
        self._process = ManagedProcess("tests.ministack_server", [], {**CREDENTIALS, **settings}, log)
        self._process.wait_until(lambda: answers(self.port), "listening", START_SECONDS)


def make_environment() -> None:
    """Make the environment once for each list of versions and each Python. Other processes wait meanwhile."""
    contents = f"# {sys.version}\n{REQUIREMENTS.read_text()}"
    stamp = HOME / "made-of"
    with _locked(HOME.with_suffix(".lock")):
        if stamp.exists() and stamp.read_text() == contents:
            return
        venv.create(HOME, clear=True, symlinks=True)
        pip = (sys.executable, "-m", "pip", "--python", PYTHON, "--quiet", "--disable-pip-version-check")
        subprocess.run((*pip, "install", "--no-deps", "-r", REQUIREMENTS), check=True, timeout=INSTALL_SECONDS)
        stamp.write_text(contents)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    os.execv(PYTHON, (PYTHON, "-I", "-m", "ministack"))  # noqa: S606 - as everywhere, a list and no shell
