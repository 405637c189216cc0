"""Changes of the actions of an alarm: they are enabled or not, and those of a state are left out.

A case can say that actions run (``acts``), and not which ones: the ARNs in a list are no parts of a mutant.
"""

from collections.abc import Iterator

from alarms.test.mutants.change import REMOVED, ParameterChange, Parameters, changes

ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def action_changes(alarm: Parameters) -> Iterator[ParameterChange]:
    """Nothing, if the alarm has no actions."""
    given = [name for name in ACTIONS if alarm.get(name)]
    if not given:
        return
    yield from changes(alarm, ["ActionsEnabled"], [True, False], default=True)
    for name in given:
        yield from changes(alarm, [name], [REMOVED])
