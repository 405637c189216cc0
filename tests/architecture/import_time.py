"""The import of a module only makes definitions and constants. It opens, connects, starts and reads nothing.

Two checks find violations. ``violations`` reads every statement that runs at import.
``python -m tests.architecture.import_time ROOT`` imports the modules, and listens to the interpreter's audit events.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pydantic import create_model

from tests.architecture.sources import is_written_for_another_program, product_files

# Modules of the standard library whose functions have effects, and libraries that connect.
_IMPURE = {
    *("os", "socket", "subprocess", "threading", "shutil", "tempfile", "time", "signal", "sqlite3", "urllib", "http"),
    *("asyncio", "multiprocessing", "random", "uuid", "sys", "io", "boto3", "httpx", "psycopg2", "redis"),
}
_IMPURE_BUILTINS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
_PURE_CLASSES = {"TransferConfig"}  # boto3's TransferConfig only holds sizes
_PURE_ATTRIBUTES = {"compile", "getLogger", "JSONDecoder", "resolve", "split", "join", "fromkeys", "strip"}
_STATEMENTS = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass)


def violations(path: Path) -> Iterator[str]:
    """Yield a line for each statement of the file that does more at import than define something."""
    tree = ast.parse(path.read_text())
    for line, what in _of_body(tree.body, _origins(tree)):
        yield f"{path}:{line}: {what} at import"


def _origins(tree: ast.Module) -> dict[str, str]:
    """For each imported name, the top-level package that it comes from."""
    origins: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            origins |= {(alias.asname or alias.name).split(".")[0]: alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            origins |= {alias.asname or alias.name: node.module.split(".")[0] for alias in node.names}
    return origins


def _of_body(body: list[ast.stmt], origins: dict[str, str]) -> Iterator[tuple[int, str]]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _of_body(node.body, origins)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            continue
        elif isinstance(node, ast.ClassDef):
            for expression in (*node.decorator_list, *node.bases, *node.keywords):
                yield from _calls(expression, origins)
            yield from _of_body(node.body, origins)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = [default for default in node.args.kw_defaults if default]
            for expression in (*node.decorator_list, *node.args.defaults, *defaults):
                yield from _calls(expression, origins)
        elif isinstance(node, _STATEMENTS):
            yield from _calls(node, origins)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield node.lineno, f"a {type(node).__name__.lower()} statement"


def _calls(node: ast.AST, origins: dict[str, str]) -> Iterator[tuple[int, str]]:
    for call in _evaluated(node):
        function = call.func
        name = ast.unparse(function)
        if isinstance(function, ast.Name):
            is_pure = (name not in _IMPURE_BUILTINS and origins.get(name) not in _IMPURE) or name in _PURE_CLASSES
        else:
            is_pure = isinstance(function, ast.Attribute) and function.attr in _PURE_ATTRIBUTES
        if not is_pure and not _belongs_to_a_declaration(function, origins):
            yield call.lineno, f"a call of {name}"


def _evaluated(node: ast.AST) -> Iterator[ast.Call]:
    """Every call below the node that runs when the node runs. A call inside a lambda does not."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _evaluated(child)


def _belongs_to_a_declaration(function: ast.expr, origins: dict[str, str]) -> bool:
    """Whether the function belongs to a module that only declares, for example ``dataclasses.field``."""
    root = function
    while isinstance(root, ast.Attribute | ast.Call):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    return isinstance(root, ast.Name) and origins.get(root.id) in {"dataclasses", "enum", "pydantic", "typing"}


_AUDITED = ("open", "socket.", "subprocess.", "os.mkdir", "os.remove", "os.rename", "os.putenv", "os.listdir")
_ALSO_AUDITED = ("sqlite3.connect", "_thread.start_new_thread", "shutil.", "tempfile.", "urllib.Request", "signal.")


def audit_imports(root: Path) -> list[str]:
    """Import every module below ``root`` in this process. Return a line for each file, connection or process opened."""
    found: list[str] = []
    create_model("First")  # pydantic looks for its plugins on the disk when the first model of a process is made

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith((*_AUDITED, *_ALSO_AUDITED)) and (place := _module_at_fault(sys._getframe(1), root)):
            found.append(f"{place}: {event} {arguments[0] if arguments else ''} at import")

    sys.addaudithook(hook)
    for path in product_files(root):
        if not is_written_for_another_program(path):
            importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"))
    return found


def _module_at_fault(frame: FrameType | None, root: Path) -> str | None:
    """``file:line`` of the innermost module on the stack, if it is the product's. None if Python only imports it."""
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        return None
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if frame.f_code.co_name == "<module>":
            is_product = file.is_relative_to(root) and ".venv" not in file.parts
            return f"{file.relative_to(root)}:{frame.f_lineno}" if is_product else None
        frame = frame.f_back
    return None


if __name__ == "__main__":
    problems = audit_imports(Path(sys.argv[1]).resolve())
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
