"""The Python files of the product: all rooms but the tests."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rooms(root: Path) -> list[Path]:
    """The packages at the top, without ``tests``."""
    return sorted(path.parent for path in root.glob("*/__init__.py") if path.parent.name != "tests")


def product_files(root: Path) -> Iterator[Path]:
    """Every file of every room, without tests that lie inside a room."""
    for room in rooms(root):
        for path in sorted(room.rglob("*.py")):
            if "tests" not in path.relative_to(root).parts:
                yield path


def is_written_for_another_program(path: Path) -> bool:
    """Scripts whose form a library dictates: Alembic runs its own, and the peers of the benchmarks are applications."""
    return "peers" in path.parts or path.parent.name == "versions" or path.parts[-2:] == ("migrations", "env.py")
