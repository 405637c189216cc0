"""The Python files of the product: all top-level packages except the tests."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rooms(root: Path) -> list[Path]:
    """The top-level packages, without ``tests``."""
    return sorted(path.parent for path in root.glob("*/__init__.py") if path.parent.name != "tests")


def product_files(root: Path) -> Iterator[Path]:
    """Every file of every room, without the tests inside a room."""
    for room in rooms(root):
        for path in sorted(room.rglob("*.py")):
            if "tests" not in path.relative_to(root).parts:
                yield path


def is_written_for_another_program(path: Path) -> bool:
    """Whether another program dictates the form of the file: a script of Alembic, or a peer of a benchmark."""
    return "peers" in path.parts or path.parent.name == "versions" or path.parts[-2:] == ("migrations", "env.py")
