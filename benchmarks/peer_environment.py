"""Where peers live: an environment of their own, set up once."""

import subprocess
import venv
from pathlib import Path

INSTALL_SECONDS_MAX = 600


def find_peers(home: Path, requirements: Path) -> Path:
    """The folder of programs (python, celery, gunicorn ...) of an environment under ``home``.

    Made anew when the list of packages has changed. Raises OSError or SubprocessError when that does not work.
    """
    programs, stamp = home / "bin", home / "installed.txt"
    wanted = requirements.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {requirements.name} into {home} (once)", flush=True)
        venv.create(home, clear=True, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], timeout=INSTALL_SECONDS_MAX, check=True)
        stamp.write_text(wanted)
    return programs
