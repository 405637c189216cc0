"""``python -m alarms.sync``: makes the objects of the AWS account match the definitions."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alarms.alarm_costs import AlarmPrices
from alarms.check.catalogue_options import add_catalogue_options, read_asked_catalogue
from alarms.check.definition_checks import check_definitions
from alarms.definition_files import Definition, DefinitionError, Variables, require_variables
from alarms.options import VARIABLES, add_common_options, read_asked_definitions
from alarms.recording import NothingRecorded
from alarms.sync.account import AWS_ERRORS, LiveAccount
from alarms.sync.deployable import require_deployable
from alarms.sync.ownership import OWNER_KEY, owner_of
from alarms.sync.plan import Change, Plan, make_plan, with_policy_arns
from alarms.sync.plan_text import change_lines, cost_line, plan_document, summary_line
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Make the dashboards, alarms and scaling policies of the AWS account match the definitions. Errors of alarms.check stop
the command before its first call to AWS; remarks do not.

The plan is printed first, field by field. Then it is applied: policies, anomaly detectors, alarms, log alarms,
composites, mute rules, dashboards. Deletions come last, composites before the alarms that they name. Only objects with
this project's tag are changed. A run that was stopped at any point can simply be repeated; a run that finds no
difference makes no writing call.
"""

NOTES = """\
Credentials and endpoint are found as in every AWS SDK; the region is the variable REGION.
"""

EXAMPLES = [
    ("--plan", "show what would change, field by field"),
    ("--variables production.json", "apply it"),
    ("--prune", "also delete managed objects that have no definition any more"),
    ("--check", "for a nightly job: exit with 2 if the account differs"),
]
EXIT_CODES = {
    ExitCode.DONE: "nothing to do, or everything applied (with --plan: shown)",
    ExitCode.FAILED: "a call failed, or an object is not managed from here; the output lists what was not applied",
    ExitCode.REFUSED: "the account differs (--check); or wrong usage, or definitions that cannot be read or are wrong",
}


@dataclass
class Progress:
    """The changes that a run has applied, the remarks of CloudWatch about them, and the error that ended the run."""

    applied: list[Change] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plan, apply if asked, and return an ExitCode."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    if not (asked.variables or asked.plan or asked.check or VARIABLES.exists()):
        screen.fail("The account is missing: give --variables FILE, or write alarms/variables.json.")
        return ExitCode.REFUSED
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        require_variables(variables, "PREFIX", "REGION")
        require_deployable(definitions)
        notices = check_definitions(definitions, variables, catalogue=read_asked_catalogue(asked)[0])
    except (DefinitionError, NothingRecorded, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    if errors := [str(notice) for notice in notices if notice.is_error]:
        screen.fail("\n".join([*errors, "Nothing was changed: see `python -m alarms.check`."]))
        return ExitCode.REFUSED
    try:
        return _sync(definitions, variables, asked, screen)
    except AWS_ERRORS as error:
        screen.fail(f"The account cannot be read: {error}")
        return ExitCode.FAILED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("alarms.sync", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    add_common_options(parser)
    add_catalogue_options(parser)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--plan", action="store_true", help="only show what would change")
    only.add_argument("--check", action="store_true", help="only show what would change; exit with 2 for any change")
    parser.add_argument("--prune", action="store_true", help="delete managed objects without a definition")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 if CloudWatch returns a remark when a dashboard is put",
    )
    return parser.parse_args(arguments)


def _sync(definitions: list[Definition], variables: Variables, asked: argparse.Namespace, screen: Screen) -> ExitCode:
    """Print the plan, and apply it if asked. Raises AWS_ERRORS if the account cannot be read."""
    prefix = str(variables["PREFIX"])
    account = LiveAccount(str(variables["REGION"]))
    arns = account.policy_arns(definitions)
    wanted = [replace(d, parameters=with_policy_arns(d.parameters, arns)) for d in definitions]
    tags = {OWNER_KEY: owner_of(prefix)}
    live = list(account.read(definitions, prefix))
    plan = make_plan(wanted, live, tags=tags, prune=asked.prune)
    _print_plan(plan, screen)
    if costs := cost_line(plan, live, AlarmPrices.read()):
        screen.line(costs)
    progress = Progress()
    if not (asked.plan or asked.check or plan.conflicts):
        _apply(plan, definitions, account, progress, screen)
    if asked.json:
        applied = [change.name for change in progress.applied]
        outcome = {"applied": applied, "remarks": progress.remarks, "error": progress.error or None}
        screen.document({**plan_document(plan), **outcome})
    if plan.conflicts or progress.error or (asked.strict and progress.remarks):
        return ExitCode.FAILED
    account_differs = bool(plan.changes or plan.prunable)
    return ExitCode.REFUSED if asked.check and account_differs else ExitCode.DONE


def _print_plan(plan: Plan, screen: Screen) -> None:
    for change in plan.changes:
        for line, style in change_lines(change):
            screen.line(line, style)
    for conflict in plan.conflicts:
        screen.fail(f"{conflict}. Delete it, rename it, or give it this tag; then run again.")
    if plan.prunable:
        names = ", ".join(plan.prunable)
        screen.line(f"Without a definition (--prune deletes all but policies, which have no tags): {names}")
    screen.line(summary_line(plan))


def _apply(plan: Plan, definitions: list[Definition], account: LiveAccount, progress: Progress, screen: Screen) -> None:
    """Apply one change after the other. The first error ends the run, because later changes may depend on it."""
    for number, change in enumerate(plan.changes, start=1):
        screen.line(f"[{number}/{len(plan.changes)}] {change.action} {change.kind.noun} {change.name}")
        try:
            progress.remarks += account.apply(_with_new_policies(change, definitions, account))
        except AWS_ERRORS as error:
            progress.error = f"{change.action} {change.kind.noun} {change.name}: {error}"
            break
        progress.applied.append(change)
    for remark in progress.remarks:
        screen.fail(f"CloudWatch remarks: {remark}")
    if progress.error:
        screen.fail(f"{progress.error}\nApplied: {len(progress.applied)} of {len(plan.changes)}. Not applied:")
        for change in plan.changes[len(progress.applied) :]:
            screen.line(f"  {change.action} {change.kind.noun} {change.name}")
    elif plan.changes:
        screen.good(f"Applied {len(progress.applied)} change(s).")


def _with_new_policies(change: Change, definitions: list[Definition], account: LiveAccount) -> Change:
    """The change with the ARNs of policies that this run has created."""
    if change.parameters is None or "${policy:" not in str(change.parameters):
        return change
    return replace(change, parameters=with_policy_arns(change.parameters, account.policy_arns(definitions)))


if __name__ == "__main__":
    sys.exit(main())
