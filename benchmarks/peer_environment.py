"""The virtual environment of a benchmark's peers, which is set up once."""

import subprocess
import venv
from pathlib import Path

from cli.screen import Screen

INSTALL_SECONDS_MAX = 600


def find_peers(home: Path, requirements: Path, screen: Screen) -> Path:
    """The folder of the programs (python, celery, gunicorn …) of an environment in ``home``.

    It is installed at first, and again when the list of packages has changed. Raises OSError or SubprocessError.
    """
    programs, stamp = home / "bin", home / "installed.txt"
    wanted = requirements.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        screen.line(f"installing {requirements.name} into {home} (once)")
        venv.create(home, clear=True, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], timeout=INSTALL_SECONDS_MAX, check=True)
        stamp.write_text(wanted)
    return programs
