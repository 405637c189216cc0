"""``python -m alarms.test``: the unit tests of the alarms."""

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby

from alarms.alarm_reading import mute_rules_of
from alarms.definition_files import PLAYED_KINDS, Definition, DefinitionError, require_definitions
from alarms.options import add_common_options, read_asked_definitions
from alarms.test.case_files import read_all_cases, read_case_files
from alarms.test.cases import Case, CaseResult, run_case
from alarms.test.mutants.equivalents import SERIES, with_check_of_equivalents
from alarms.test.mutants.mutant import MUTATED_KINDS
from alarms.test.mutants.mutation_run import play_mutants
from alarms.test.mutants.report import declared_too_much, mutants_document, print_mutants, problems_of
from alarms.test.policy_cases import PolicyCase
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Run each alarm over the series of its test file, by CloudWatch's own rules, and compare its states.

Every alarm must have a file in alarms/definitions/tests. alarms/test/notation.py explains how a series is written.
With --definitions, --cases names the files instead, and "alarm" in each of them the alarm that it is about.

With --mutants, each definition is changed in every single place that means something, and the cases are played against
each change. A change that no case notices is a survivor: it is listed with file and key. One that no data can show is
declared beside the definition, as "equivalent", with the reason.
"""

EXAMPLES = [
    ("", "all alarms"),
    ("dead-letters workers-down", "only these alarms"),
    ("--definitions alarms.json --cases tests/", "alarms of any account"),
    ("--mutants", "do the cases notice every change of an alarm?"),
]
EXIT_CODES = {
    ExitCode.DONE: "every case holds, and no mutant survives",
    ExitCode.FAILED: "a case does not hold, a mutant survives, or a declared equivalent is none",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases of the alarms that the command line names, and return an ExitCode."""
    parser = command_parser("alarms.test", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("alarm", nargs="*", help="the names of definition files, without their ending (default: all)")
    add_paths_option(parser, "--cases", "PATH", "files or folders with the cases, instead of this project's")
    parser.add_argument("--mutants", action="store_true", help="play the cases against changed definitions")
    parser.add_argument(
        "--equivalents",
        action="store_true",
        help=f"with --mutants: compare each declared equivalent with its definition over {SERIES:,} random series",
    )
    add_common_options(parser)
    asked = parser.parse_args(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, _ = read_asked_definitions(asked, screen)
        cases = _read_asked_cases(asked, definitions)
        require_definitions(asked.alarm, definitions, MUTATED_KINDS)
        results = [run_case(case, mute_rules_of(definitions)) for case in _chosen(asked.alarm, cases)]
        if asked.mutants and not any(result.problems for result in results):
            return _play_mutants(asked, definitions, cases, screen)
        if asked.mutants:
            screen.fail("A case that does not hold would notice everything: no mutant was played.")
    except DefinitionError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    if asked.json:
        screen.document([_document(result) for result in results])
    tested = {case.definition.name for case in cases}
    _print_results(results, [d.name for d in definitions if d.kind in PLAYED_KINDS and d.name not in tested], screen)
    return ExitCode.FAILED if any(result.problems for result in results) else ExitCode.DONE


def _play_mutants(
    asked: argparse.Namespace, definitions: Sequence[Definition], cases: Sequence[Case | PolicyCase], screen: Screen
) -> int:
    results = play_mutants(definitions, cases, asked.alarm)
    if asked.equivalents:
        results = [with_check_of_equivalents(result, definitions) for result in results]
    if asked.json:
        screen.document(mutants_document(results))
    print_mutants(results, screen)
    if too_much := "" if asked.alarm else declared_too_much(results):
        screen.fail(too_much)
    return ExitCode.FAILED if too_much or problems_of(results) else ExitCode.DONE


def _chosen(stems: Sequence[str], cases: Sequence[Case | PolicyCase]) -> list[Case | PolicyCase]:
    return [case for case in cases if not stems or case.definition.stem in stems]


def _document(result: CaseResult) -> dict[str, object]:
    return {
        "file": result.case.file,
        "alarm": result.case.definition.name,
        "name": result.case.name,
        "problems": list(result.problems),
        "skipped": result.skipped or None,
    }


def _read_asked_cases(asked: argparse.Namespace, definitions: Sequence[Definition]) -> list[Case | PolicyCase]:
    if asked.cases:
        return read_case_files(asked.cases, definitions)
    if asked.definitions:
        text = "--definitions needs --cases PATH…: the files with the cases of these alarms; docs/ALARMS.md shows one"
        raise DefinitionError([text])
    return read_all_cases(definitions)


def _print_results(results: Sequence[CaseResult], untested: Sequence[str], screen: Screen) -> None:
    for stem, group in groupby(results, key=lambda result: result.case.definition.stem):
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
