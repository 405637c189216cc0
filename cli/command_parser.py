"""The parser of a command, and the exit codes that all commands share (docs/COMMANDS.md has the table)."""

import argparse
from collections.abc import Mapping, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells its caller."""

    DONE = 0
    FAILED = 1
    REFUSED = 2


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done, and nothing is wrong",
    ExitCode.FAILED: "something failed, or what was looked at is wrong; the text says what",
    ExitCode.REFUSED: "nothing was done: wrong usage, or settings or files that cannot be read",
}


def command_parser(
    module: str,
    description: str,
    *,
    notes: str = "",
    examples: Sequence[tuple[str, str]] = (),
    exit_codes: Mapping[ExitCode, str] | None = None,
) -> argparse.ArgumentParser:
    """A parser for ``python -m MODULE``, whose ``--help`` ends with notes, examples and exit codes.

    ``examples`` are pairs of arguments and what they do. ``exit_codes`` says what single codes mean for this command,
    where MEANINGS is too general. The parser itself exits with 2 on wrong usage.
    """
    sections = [notes.strip()] if notes else []
    if examples:
        lines = [(f"  python -m {module} {arguments}".rstrip(), meaning) for arguments, meaning in examples]
        width = max(len(line) for line, _ in lines) + 3
        sections.append("examples:\n" + "\n".join(f"{line:{width}}{meaning}".rstrip() for line, meaning in lines))
    meanings = {**MEANINGS, **(exit_codes or {})}
    sections.append("exit codes:\n" + "\n".join(f"  {int(code)}  {meaning}" for code, meaning in meanings.items()))
    return argparse.ArgumentParser(
        f"python -m {module}",
        description=description.strip(),
        epilog="\n\n".join(sections),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
