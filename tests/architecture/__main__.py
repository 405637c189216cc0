"""``python -m tests.architecture [ROOT]``: print a line for each violation. The exit code is 1 if there is one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.clocks import readers_of_the_clock
from tests.architecture.environment import readers_of_the_environment
from tests.architecture.import_time import violations
from tests.architecture.names import repeated_names
from tests.architecture.sources import ROOT, is_written_for_another_program, product_files


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


def main() -> int:
    found = list(find_violations(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
