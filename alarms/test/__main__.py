"""``python -m alarms.test``: the unit tests of the alarms."""

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby

from alarms.alarm_reading import mute_rules_of
from alarms.definition_files import PLAYED_KINDS, Definition, DefinitionError, require_alarms
from alarms.options import add_common_options, read_asked_definitions
from alarms.test.case_files import read_case_files, read_cases
from alarms.test.cases import Case, CaseResult, run_case
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Run each alarm over the series of its test file, by CloudWatch's own rules, and compare its states.

Every alarm must have a file in alarms/definitions/tests. alarms/test/notation.py explains how a series is written.
With --definitions, --cases names the files instead, and "alarm" in each of them the alarm that it is about.
"""

EXAMPLES = [
    ("", "all alarms"),
    ("dead-letters workers-down", "only these alarms"),
    ("--definitions alarms.json --cases tests/", "alarms of any account"),
]
EXIT_CODES = {ExitCode.DONE: "every case holds", ExitCode.FAILED: "at least one case does not hold"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases of the alarms that the command line names, and return an ExitCode."""
    parser = command_parser("alarms.test", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("alarm", nargs="*", help="the names of files, without their ending (default: all)")
    add_paths_option(parser, "--cases", "PATH", "files or folders with the cases, instead of this project's")
    add_common_options(parser)
    asked = parser.parse_args(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, _ = read_asked_definitions(asked, screen)
        cases = _read_asked_cases(asked, definitions)
        mutes = mute_rules_of(definitions)
        require_alarms(asked.alarm, definitions)
    except DefinitionError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    chosen = [case for case in cases if not asked.alarm or case.alarm.stem in asked.alarm]
    results = [run_case(case, mutes) for case in chosen]
    if asked.json:
        screen.document(
            [
                {
                    "file": r.case.file,
                    "alarm": r.case.alarm.name,
                    "name": r.case.name,
                    "problems": list(r.problems),
                    "skipped": r.skipped or None,
                }
                for r in results
            ]
        )
    tested = {case.alarm.stem for case in cases}
    _print_results(results, [d.name for d in definitions if d.kind in PLAYED_KINDS and d.stem not in tested], screen)
    return ExitCode.FAILED if any(result.problems for result in results) else ExitCode.DONE


def _read_asked_cases(asked: argparse.Namespace, definitions: Sequence[Definition]) -> list[Case]:
    if asked.cases:
        return read_case_files(asked.cases, definitions)
    if asked.definitions:
        text = "--definitions needs --cases PATH…: the files with the cases of these alarms; docs/ALARMS.md shows one"
        raise DefinitionError([text])
    return read_cases(definitions)


def _print_results(results: Sequence[CaseResult], untested: Sequence[str], screen: Screen) -> None:
    for stem, group in groupby(results, key=lambda result: result.case.alarm.stem):
        screen.line(stem, "bold")
        for result in group:
            if result.skipped:
                screen.line(f"  - {result.case.name}: not played, {result.skipped}", "yellow")
                continue
            mark, style = ("✗", "red") if result.problems else ("✓", "green")
            screen.line(f"  {mark} {result.case.name}", style)
            for problem in result.problems:
                screen.line(f"      {problem}")
    failed = sum(bool(result.problems) for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    passed = f"{len(results) - failed - skipped} passed, {failed} failed"
    screen.line()
    if untested:
        screen.line(f"without cases: {', '.join(untested)}", "yellow")
    screen.line(passed + (f", {skipped} not played" if skipped else ""), "red" if failed else "green")


if __name__ == "__main__":
    sys.exit(main())
