"""``python -m alarms.check``: the definitions against the code that emits, and against CloudWatch's quirks."""

import sys
from collections.abc import Sequence
from pathlib import Path

from alarms.check.contract import contract_problems
from alarms.check.lint import Definitions, calls_that_aws_refuses, lint_problems
from alarms.check.log_check import log_problems
from alarms.definition_files import ROOT, Definition, DefinitionError, Variables
from alarms.options import add_common_options, read_asked_definitions
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Compare the definitions with the metrics that the code declares (both ways), and check them for CloudWatch's quirks.

Every metric, dimension set, unit and statistic in a definition must be one that the code declares, or a known metric
of AWS. Every declared metric must be in a definition, or alarms/definitions/unwatched.json says why not.
"""

EXAMPLES = [
    ("", "check the definitions"),
    ("--logs .local/demo/emf.log", "also check that its records are declared"),
]
EXIT_CODES = {ExitCode.FAILED: "there are problems; each line of the output has file, key and what is wrong"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the definitions and the logs that the command line names, and return an ExitCode."""
    parser = command_parser("alarms.check", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument(
        "--logs", nargs="+", type=Path, default=[], metavar="LOG", help="also compare EMF logs with the catalogue"
    )
    add_common_options(parser)
    asked = parser.parse_args(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        problems = find_problems(definitions, variables) + log_problems(asked.logs, str(variables["NAMESPACE"]))
    except (DefinitionError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    if asked.json:
        screen.document({"problems": problems})
    for problem in problems:
        screen.line(problem, "red")
    if problems:
        screen.line(f"{len(problems)} problem(s)", "bold red")
        return ExitCode.FAILED
    screen.good(f"{len(definitions)} definitions and the catalogue fit together.")
    return ExitCode.DONE


def find_problems(definitions: Sequence[Definition], variables: Variables) -> list[str]:
    """The problems of the definitions, without logs. ``alarms.sync`` refuses to run if there is one."""
    prefix = str(variables["PREFIX"])
    if refused := list(calls_that_aws_refuses(Definitions(tuple(definitions), prefix, ROOT))):
        return refused  # nothing else can be read from such a call
    return contract_problems(definitions, str(variables["NAMESPACE"])) + lint_problems(definitions, prefix)


if __name__ == "__main__":
    sys.exit(main())
