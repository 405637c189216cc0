"""Only settings read the environment."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import is_written_for_another_program, product_files

_READERS = {"environ", "environb", "getenv", "getenvb"}


def readers_of_the_environment(root: Path) -> Iterator[str]:
    """Yield a line for each place outside of a ``settings.py`` that reads the environment."""
    for path in product_files(root):
        if path.name == "settings.py" or is_written_for_another_program(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            for name in sorted(_names_of_os(node) & _READERS):
                place = f"{path.relative_to(root)}:{getattr(node, 'lineno', 1)}"
                yield f"{place}: os.{name} is used outside of the settings"


def _names_of_os(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return {node.attr}
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return {alias.name for alias in node.names}
    return set()
