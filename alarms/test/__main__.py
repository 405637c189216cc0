"""``python -m alarms.test``: the unit tests of the alarms."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby

from alarms.definition_files import DefinitionError
from alarms.options import add_common_options, read_asked_definitions
from alarms.test.cases import Case, CaseResult, read_cases, run_case
from cli.screen import Screen

DESCRIPTION = """\
Play each alarm with the series of its test file, by CloudWatch's own rules, and compare its states.

Every alarm must have a file in alarms/definitions/tests; how a series is written is said in alarms/test/notation.py.
"""

EPILOG = """\
examples:
  python -m alarms.test
  python -m alarms.test dead-letters workers-down     only these alarms

exit codes:
  0  every case holds
  1  at least one does not
  2  wrong usage, or files that cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        cases = _chosen(read_cases(definitions), asked.alarm)
    except DefinitionError as error:
        screen.fail(str(error))
        return 2
    verdicts = [run_case(case, str(variables["PREFIX"])) for case in cases]
    if asked.json:
        print(json.dumps([_member(verdict) for verdict in verdicts], ensure_ascii=False, indent=2))  # noqa: T201
    _show(verdicts, screen)
    return 1 if any(verdict.problems for verdict in verdicts) else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m alarms.test",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("alarm", nargs="*", help="the names of files, without their ending (default: all)")
    add_common_options(parser)
    return parser.parse_args(arguments)


def _chosen(cases: Sequence[Case], stems: Sequence[str]) -> Sequence[Case]:
    """Those of the alarms that were asked for; all if none was. Raises DefinitionError for one that does not exist."""
    known = {case.alarm.stem for case in cases}
    if unknown := [stem for stem in stems if stem not in known]:
        raise DefinitionError([f"there is no alarm {stem}" for stem in unknown])
    return [case for case in cases if not stems or case.alarm.stem in stems]


def _show(verdicts: Sequence[CaseResult], screen: Screen) -> None:
    for stem, group in groupby(verdicts, key=lambda verdict: verdict.case.alarm.stem):
        screen.line(stem, "bold")
        for verdict in group:
            screen.line(
                f"  {'✗' if verdict.problems else '✓'} {verdict.case.name}", "red" if verdict.problems else "green"
            )
            for problem in verdict.problems:
                screen.line(f"      {problem}")
    failed = sum(bool(verdict.problems) for verdict in verdicts)
    screen.line()
    screen.line(f"{len(verdicts) - failed} passed, {failed} failed", "red" if failed else "green")


def _member(verdict: CaseResult) -> dict[str, object]:
    case = verdict.case
    return {"file": case.file, "alarm": case.alarm.name, "name": case.name, "problems": list(verdict.problems)}


if __name__ == "__main__":
    sys.exit(main())
