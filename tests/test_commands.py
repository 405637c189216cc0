"""Every command prints its ``--help`` in the same form, does nothing else, and has a row in docs/COMMANDS.md."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, is_written_for_another_program, product_files

DOCUMENT = (ROOT / "docs" / "COMMANDS.md").read_text()
HELP_SECONDS_MAX = 60  # on an idle machine, it takes 1 to 3 s
DID_SOMETHING = 70
# Python imports a module of this name at its start. It ends a process that does more than import, read and print.
SITECUSTOMIZE = f"""
import os, sys

# urllib3 binds this address at import, to find out whether there is IPv6.
ALLOWED = ("::1", 0)
FORBIDDEN = {{"socket.bind", "socket.connect", "subprocess.Popen", "os.fork", "os.mkdir", "os.remove", "os.rename"}}

def watch(event, arguments):
    writes = event == "open" and (
        any(letter in (arguments[1] or "") for letter in "wax+") or arguments[2] & (os.O_WRONLY | os.O_RDWR)
    )
    allowed = event == "socket.bind" and arguments[1] == ALLOWED or writes and arguments[0] == os.devnull
    if (event in FORBIDDEN or writes) and not allowed:
        os.write(2, f"{{event}} {{arguments}}".encode())
        os._exit({DID_SOMETHING})

sys.addaudithook(watch)
"""


def commands(root: Path) -> list[str]:
    """The modules that ``python -m`` can run: each ``__main__.py``, and each file with a ``__main__`` block."""
    found = []
    for path in product_files(root):
        if is_written_for_another_program(path):
            continue
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        if path.name == "__main__.py":
            found.append(module.removesuffix(".__main__"))
        elif any(_asks_for_its_name(node) for node in ast.parse(path.read_text()).body):
            found.append(module)
    return found


def _asks_for_its_name(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(name, ast.Name) and name.id == "__name__" for name in ast.walk(node.test)
    )


def help_of(module: str, folder: Path, *places: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE --help`` in an empty folder, without any setting."""
    site, working, home = folder / "site", folder / "working", folder / "home"
    for each in (site, working, home):
        each.mkdir()
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(map(str, (site, *places, ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "120",
    }
    return subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=working,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=HELP_SECONDS_MAX,
    )


@pytest.mark.parametrize("module", commands(ROOT))
def test_help_describes_the_command_and_its_exit_codes_and_starts_nothing(module: str, tmp_path: Path) -> None:
    done = help_of(module, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    usage, description = done.stdout.split("\n\n")[:2]
    assert usage.startswith(f"usage: python -m {module}")
    assert re.match(r"[A-Z].*[.:?]", description, re.DOTALL), "a description in sentences follows the usage"
    codes = done.stdout.partition("exit codes:\n")[2]
    assert re.findall(r"^  (\d+)  \S", codes, re.MULTILINE)[:3] == ["0", "1", "2"]
    assert list((tmp_path / "working").iterdir()) == list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("module", commands(ROOT))
def test_the_document_has_a_row_for_the_command(module: str) -> None:
    assert re.search(rf"^\| `python -m {re.escape(module)}[ `]", DOCUMENT, re.MULTILINE)


def test_the_document_has_a_row_for_every_make_target_and_for_no_other() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert sorted(re.findall(r"^\| `make ([a-z-]+)", DOCUMENT, re.MULTILINE)) == sorted(targets)


@pytest.mark.parametrize(
    "action",
    [
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "open('trace', 'w').close()",
        "import os; os.mkdir('folder')",
    ],
)
def test_a_command_that_does_something_for_its_help_is_found(action: str, tmp_path: Path) -> None:
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "busy_command.py").write_text(f"{action}\nprint('usage: none')\n")
    assert help_of("busy_command", tmp_path, tmp_path / "planted").returncode == DID_SOMETHING


def test_a_command_is_found_by_its_main_block_or_its_file_name(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "__main__.py").touch()
    (room / "tool.py").write_text("if __name__ == '__main__':\n    pass\n")
    (room / "turned.py").write_text("if '__main__' == __name__:\n    pass\n")
    (room / "library.py").write_text("NAME = __name__\n")
    assert commands(tmp_path) == ["room", "room.tool", "room.turned"]
