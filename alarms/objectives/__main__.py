"""``python -m alarms.objectives``: what is promised, and which alarms follow from it."""

import sys
from collections.abc import Sequence

from rich.table import Table

from alarms.burn_rates.generated_alarms import minutes_of_pair, minutes_to_notify
from alarms.burn_rates.objective import promise_text
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.windows import BURN_RATES, OBJECTIVE_DAYS
from alarms.definition_files import DefinitionError
from alarms.definition_reading import read_objectives
from alarms.options import add_variables_option, read_asked_variables
from alarms.wording import suggestion
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Show each objective, its error budget, and the alarms that follow from it: their windows, the share of bad events above
which they fire, and the minutes that this takes if every event is bad.
"""
EXAMPLES = [
    ("", "all objectives"),
    ("--runbook uploads-published", "the frame of its section of the runbook, to be filled in"),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the objectives, or the frame of a section of the runbook, and return an ExitCode."""
    parser = command_parser("alarms.objectives", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("--runbook", metavar="OBJECTIVE", help="print the frame of the section of this objective")
    add_variables_option(parser)
    asked = parser.parse_args(arguments)
    screen = Screen()
    try:
        objectives = {read.stem: read for read in read_objectives(read_asked_variables(asked, screen))}
    except DefinitionError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    if asked.runbook is None:
        for read in objectives.values():
            _show(read, screen)
        return ExitCode.DONE
    if asked.runbook not in objectives:
        screen.fail(f"there is no objective {asked.runbook}{suggestion(asked.runbook, objectives)}")
        return ExitCode.REFUSED
    screen.line(runbook_frame(objectives[asked.runbook]))
    return ExitCode.DONE


def _show(read: ObjectiveFile, screen: Screen) -> None:
    objective = read.objective
    screen.line(f"{read.stem}: {promise_text(objective)}", "bold")
    screen.line(f"  error budget: {float(objective.budget_percent):g} % of all events in {OBJECTIVE_DAYS} days")
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for column in ("  burn rate", "budget", "windows", "bad events", "fires within", ""):
        table.add_column(column)
    for rate in BURN_RATES:
        table.add_row(
            f"  {float(rate.factor):.4g}",
            f"{float(rate.budget_part):.0%} in {rate.long.text}",
            " & ".join(window.text for window in rate.windows),
            f"> {objective.threshold_percent(rate):g} %",
            f"{minutes_of_pair(objective, rate)} min",
            "pages" if rate.pages else "makes a ticket",
        )
    screen.show(table)
    screen.line()


def runbook_frame(read: ObjectiveFile) -> str:
    """The section of the runbook, as Markdown. The parts in angle brackets are to be written by hand."""
    objective = read.objective
    minutes = minutes_to_notify(objective, [rate for rate in BURN_RATES if rate.pages])
    promise = f"This objective promises that {promise_text(objective)}."
    page = f"`{read.stem}-page` pages: at this rate of bad events the budget is gone within two or five days."
    ticket = f"`{read.stem}-ticket` makes a ticket: the bad events are few, and go on."
    return f"""\
| [{read.stem}](#{read.stem}) | {objective.promise} | {minutes} min |

## {read.stem}

{promise} {page} {ticket}

**Look at** <the dashboard and its widgets>

```
<the query that shows the bad events>
```

**Do**

1. <the first thing to try>

**Escalate.** <when, and to whom>"""


if __name__ == "__main__":
    sys.exit(main())
