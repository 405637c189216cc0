"""``python -m alarms.check``: the definitions against the code that emits, and against CloudWatch's quirks."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from alarms.check.contract import contract_problems
from alarms.check.lint import Definitions, calls_that_aws_refuses, lint_problems
from alarms.check.log_check import log_problems
from alarms.definition_files import ROOT, Definition, DefinitionError, Variables
from alarms.options import add_common_options, read_asked_definitions
from alarms.terminal import Screen

DESCRIPTION = """\
Hold the definitions against what the code declares that it emits (both ways), and against CloudWatch's quirks.

Every metric, dimension set, unit and statistic that is watched must be emitted by declared code or be a known metric
of AWS; every emitted metric must be watched, or alarms/definitions/unwatched.json says why not.
"""

EPILOG = """\
examples:
  python -m alarms.check
  python -m alarms.check --logs .local/demo/emf.log       are these records what the catalogue declares?

exit codes:
  0  no problem
  1  problems, one a line: file, key, what is wrong
  2  wrong usage, or definitions that cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        problems = find_problems(definitions, variables) + log_problems(asked.logs, str(variables["NAMESPACE"]))
    except (DefinitionError, OSError) as error:
        screen.fail(str(error))
        return 2
    if asked.json:
        print(json.dumps({"problems": problems}, ensure_ascii=False, indent=2))  # noqa: T201 - for machines
    for problem in problems:
        screen.line(problem, "red")
    if problems:
        screen.line(f"{len(problems)} problem(s)", "bold red")
        return 1
    screen.good(f"{len(definitions)} definitions and the catalogue fit together.")
    return 0


def find_problems(definitions: Sequence[Definition], variables: Variables) -> list[str]:
    """Of the definitions alone: what ``alarms.sync`` asks before it touches anything."""
    prefix = str(variables["PREFIX"])
    if refused := list(calls_that_aws_refuses(Definitions(tuple(definitions), prefix, ROOT))):
        return refused  # nothing else can be read from such a call
    return contract_problems(definitions, str(variables["NAMESPACE"])) + lint_problems(definitions, prefix)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m alarms.check",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--logs", nargs="+", type=Path, default=[], metavar="LOG", help="also hold EMF logs against it")
    add_common_options(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
