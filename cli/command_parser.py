"""The parser of a command, and the exit codes that all commands share (docs/COMMANDS.md has the table)."""

import argparse
from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """The exit code of a command."""

    DONE = 0
    FAILED = 1
    REFUSED = 2


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done, and nothing is wrong",
    ExitCode.FAILED: "something failed, or a problem was found; the output says which",
    ExitCode.REFUSED: "nothing was done: wrong usage, or settings or files that cannot be read",
}

COMMAND_CHARACTERS_MAX = 72  # of an example that has its meaning beside it


def command_parser(
    module: str,
    description: str,
    *,
    notes: str = "",
    examples: Sequence[tuple[str, str]] = (),
    exit_codes: Mapping[ExitCode, str] | None = None,
) -> argparse.ArgumentParser:
    """A parser for ``python -m MODULE``, whose ``--help`` ends with notes, examples and exit codes.

    ``examples`` are pairs of arguments and what they do. ``exit_codes`` replaces single MEANINGS that are too general
    for this command. The parser itself exits with 2 on wrong usage.
    """
    sections = [notes.strip()] if notes else []
    if examples:
        sections.append(_example_section(module, examples))
    meanings = {**MEANINGS, **(exit_codes or {})}
    sections.append("exit codes:\n" + "\n".join(f"  {int(code)}  {meaning}" for code, meaning in meanings.items()))
    return argparse.ArgumentParser(
        f"python -m {module}",
        description=description.strip(),
        epilog="\n\n".join(sections),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_paths_option(parser: argparse.ArgumentParser, option: str, metavar: str, meaning: str) -> None:
    """Add an option that takes one or more paths. Its value is a list, empty if the option is not given."""
    parser.add_argument(option, nargs="+", type=Path, default=[], metavar=metavar, help=meaning)


def _example_section(module: str, examples: Sequence[tuple[str, str]]) -> str:
    """Meanings stand in one column; if one of the commands is too long for that, each stands below its command."""
    lines = [(f"  python -m {module} {arguments}".rstrip(), meaning) for arguments, meaning in examples]
    width = max(len(line) for line, _ in lines) + 3
    if width > COMMAND_CHARACTERS_MAX:
        return "examples:\n" + "\n".join(f"{line}\n      {meaning}" for line, meaning in lines)
    return "examples:\n" + "\n".join(f"{line:{width}}{meaning}".rstrip() for line, meaning in lines)
