"""Where MoviePy lives: it wants an older Pillow than the project, hence an environment of its own."""

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = ("moviepy==2.2.1", "imageio-ffmpeg==0.8.1")
INSTALL_SECONDS_MAX = 600


def find_moviepy(home: Path) -> Path | None:
    """An interpreter that has MoviePy: this one, else one set up under ``home``. None when that does not work."""
    if importlib.util.find_spec("moviepy"):
        return Path(sys.executable)
    python, stamp = home / "moviepy" / "bin" / "python", home / "moviepy" / "installed"
    if not stamp.exists():
        print(f"installing {REQUIREMENTS[0]} into {home / 'moviepy'} (once)", flush=True)
        try:
            _install(python)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"no MoviePy, so no row for it: {error}")
            return None
        stamp.touch()
    return python


def _install(python: Path) -> None:
    venv.create(python.parent.parent, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    subprocess.run(pip, timeout=INSTALL_SECONDS_MAX, check=True)
