"""``python -m tests.architecture [ROOT]``: print a line for each place that breaks a rule of this package."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from tests.architecture.clocks import readers_of_the_clock
from tests.architecture.environment import readers_of_the_environment
from tests.architecture.import_time import violations
from tests.architecture.names import repeated_names
from tests.architecture.sources import ROOT, is_written_for_another_program, product_files

DESCRIPTION = """\
Print a line for each place that does something at import, reads the clock or the environment where it must not, or has
a name that another place has already.
"""
EXAMPLES = [("", "this tree"), ("../copy", "a copy of it")]
EXIT_CODES = {ExitCode.DONE: "no place breaks a rule", ExitCode.FAILED: "a place breaks a rule"}


def find_violations(root: Path) -> Iterator[str]:
    """Yield a line for each place below ``root`` that breaks a rule of this package."""
    for path in product_files(root):
        if not is_written_for_another_program(path):
            yield from violations(path)
    yield from readers_of_the_environment(root)
    yield from readers_of_the_clock(root)
    yield from repeated_names(root)
    # This needs another process, because an audit hook cannot be removed from an interpreter.
    command = [sys.executable, "-m", "tests.architecture.import_time", str(root)]
    audit = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    yield from audit.stdout.splitlines()
    if audit.returncode and not audit.stdout:
        yield f"the modules cannot be imported: {audit.stderr.splitlines()[-1]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the tree, and return an ExitCode."""
    parser = command_parser("tests.architecture", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("root", metavar="ROOT", type=Path, nargs="?", default=ROOT, help="of the tree; default: this")
    root = parser.parse_args(arguments).root.resolve()
    if not root.is_dir():
        parser.error(f"{root} is not a folder")
    found = list(find_violations(root))
    for line in found:
        Screen().line(line)
    return ExitCode.FAILED if found else ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
