"""Where the worker's peers live: an environment of their own, set up once."""

import subprocess
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("worker_peers.txt")
INSTALL_SECONDS_MAX = 600


def find_peers(home: Path) -> Path:
    """The folder of programs (python, celery, dramatiq, redis-server) of an environment under ``home``.

    Made anew when the list of packages has changed. Raises OSError or SubprocessError when that does not work.
    """
    programs, stamp = home / "bin", home / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {REQUIREMENTS.name} into {home} (once)", flush=True)
        venv.create(home, clear=True, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], timeout=INSTALL_SECONDS_MAX, check=True)
        stamp.write_text(wanted)
    return programs
