"""A name has one meaning: no two files and no two classes of the product have the same name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import is_written_for_another_program, product_files

USUAL = {"__init__.py", "__main__.py", "errors.py", "settings.py"}


def repeated_names(root: Path) -> Iterator[str]:
    """Yield a line for each name that several files or several classes have."""
    files: dict[str, list[str]] = defaultdict(list)
    classes: dict[str, list[str]] = defaultdict(list)
    for path in product_files(root):
        if is_written_for_another_program(path):
            continue
        place = path.relative_to(root).as_posix()
        if path.name not in USUAL:
            files[path.name].append(place)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(place)
    for kind, names in (("file name", files), ("class name", classes)):
        yield from (f"{kind} {name} stands twice: {', '.join(at)}" for name, at in names.items() if len(at) > 1)
