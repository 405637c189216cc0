"""``python -m alarms.sync``: bring the live account to what the definitions say."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alarms.check.__main__ import find_problems
from alarms.definition_files import Definition, DefinitionError, Variables
from alarms.options import VARIABLES, add_common_options, read_asked_definitions
from alarms.sync.account import AWS_ERRORS, LiveAccount
from alarms.sync.ownership import OWNER_KEY, owner_of
from alarms.sync.plan import Change, Plan, make_plan, with_policy_arns
from alarms.sync.plan_text import change_lines, plan_document, summary_line
from cli.screen import Screen

DESCRIPTION = """\
Bring dashboards, alarms and scaling policies of the live account to what the definitions say.

First the plan is shown, field by field. Then it is applied: policies, alarms, composites, dashboards; deletions
last, composites before what they name. Nothing is touched that does not carry our tag. A run that was stopped or
killed at any point is simply made again; when nothing differs, no call that writes is made.
"""

EPILOG = """\
examples:
  python -m alarms.sync --plan                           what would change, and why
  python -m alarms.sync --variables production.json      apply it
  python -m alarms.sync --prune                          also delete what is ours and defined no more
  python -m alarms.sync --check                          for a nightly job: has somebody changed it by hand?

Credentials and endpoint are found as every AWS SDK finds them; the region is the variable REGION.

exit codes:
  0  nothing to do, or everything applied (with --plan: shown)
  1  something failed, or was not ours to change; what was and was not applied is said
  2  drift (--check); wrong usage, or definitions that cannot be read
"""


@dataclass
class Progress:
    """What a run has done so far."""

    applied: list[Change] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    error: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    if not (asked.variables or asked.plan or asked.check or VARIABLES.exists()):
        screen.fail("Whose account? Give --variables FILE, or write alarms/variables.json: the example is nobody's.")
        return 2
    try:
        definitions, variables = read_asked_definitions(asked, screen)
    except DefinitionError as error:
        screen.fail(str(error))
        return 2
    if problems := find_problems(definitions, variables):
        screen.fail("\n".join([*problems, "Nothing was touched: see `python -m alarms.check`."]))
        return 2
    try:
        return _sync(definitions, variables, asked, screen)
    except AWS_ERRORS as error:
        screen.fail(f"The live state cannot be read: {error}")
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m alarms.sync",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_options(parser)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--plan", action="store_true", help="only show what would change")
    only.add_argument("--check", action="store_true", help="only show, and exit with 2 if anything differs")
    parser.add_argument("--prune", action="store_true", help="delete what carries our tag and is defined no more")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="fail on what CloudWatch remarks about a dashboard; it does so only when the dashboard is put",
    )
    return parser.parse_args(arguments)


def _sync(definitions: list[Definition], variables: Variables, asked: argparse.Namespace, screen: Screen) -> int:
    prefix = str(variables["PREFIX"])
    account = LiveAccount(str(variables["REGION"]))
    tags = {OWNER_KEY: owner_of(prefix)}
    plan = make_plan(
        _with_known_arns(definitions, account), account.read(definitions, prefix), tags=tags, prune=asked.prune
    )
    _show(plan, screen)
    progress = Progress()
    if not (asked.plan or asked.check or plan.conflicts):
        _apply(plan, definitions, account, progress, screen)
    if asked.json:
        print(json.dumps(_document(plan, progress), ensure_ascii=False, indent=2))  # noqa: T201 - for machines
    return _exit_code(plan, progress, asked)


def _with_known_arns(definitions: list[Definition], account: LiveAccount) -> list[Definition]:
    arns = account.policy_arns(definitions)
    return [replace(d, parameters=with_policy_arns(d.parameters, arns)) for d in definitions]


def _show(plan: Plan, screen: Screen) -> None:
    for change in plan.changes:
        for line, style in change_lines(change):
            screen.line(line, style)
    for conflict in plan.conflicts:
        screen.fail(f"{conflict}. Delete or rename it, or give it our tag; then run again.")
    if plan.prunable:
        screen.line(
            f"Defined no more (--prune deletes what has our tag; policies have none): {', '.join(plan.prunable)}"
        )
    screen.line(summary_line(plan))


def _apply(plan: Plan, definitions: list[Definition], account: LiveAccount, progress: Progress, screen: Screen) -> None:
    """One change after the other, until one fails: what comes later may depend on it."""
    for number, change in enumerate(plan.changes, start=1):
        screen.line(f"[{number}/{len(plan.changes)}] {change.action} {change.kind.noun} {change.name}")
        try:
            progress.messages += account.apply(_ready(change, definitions, account))
        except AWS_ERRORS as error:
            progress.error = f"{change.action} {change.kind.noun} {change.name}: {error}"
            break
        progress.applied.append(change)
    for message in progress.messages:
        screen.fail(f"CloudWatch remarks: {message}")
    if progress.error:
        screen.fail(f"{progress.error}\nApplied: {len(progress.applied)} of {len(plan.changes)}. Not applied:")
        for change in plan.changes[len(progress.applied) :]:
            screen.line(f"  {change.action} {change.kind.noun} {change.name}")
    elif plan.changes:
        screen.good(f"Applied {len(progress.applied)} change(s).")


def _ready(change: Change, definitions: list[Definition], account: LiveAccount) -> Change:
    """With the ARNs of policies that this very run has made."""
    if change.parameters is None or "${policy:" not in str(change.parameters):
        return change
    return change.with_parameters(with_policy_arns(change.parameters, account.policy_arns(definitions)))


def _document(plan: Plan, progress: Progress) -> dict[str, Any]:
    return {
        **plan_document(plan),
        "applied": [change.name for change in progress.applied],
        "remarks": progress.messages,
        "error": progress.error or None,
    }


def _exit_code(plan: Plan, progress: Progress, asked: argparse.Namespace) -> int:
    if plan.conflicts or progress.error or (asked.strict and progress.messages):
        return 1
    return 2 if asked.check and (plan.changes or plan.prunable) else 0


if __name__ == "__main__":
    sys.exit(main())
