"""The actions that mute rules hold back, and those that run when the muting ends.

Sources: "Alarm Mute Rules" in the CloudWatch user guide, and the announcement of February 2026. Alarms are evaluated
and change their states while they are muted. When the muting ends, the muted actions of an alarm that is still in the
same state run. AWS does not document three cases. Here, several mutings without a pause between them count as one. An
action in the second in which the muting ends is not held back. An alarm that has left its state and returned to it runs
the actions of its last change.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cloudwatch.alarm.state import AlarmState
from cloudwatch.mute.mute_rule import MuteRule


@dataclass(frozen=True, slots=True)
class MutedActions:
    """The actions for ``state``, due at ``at``, were held back by ``rules`` (names).

    The muting ends at ``until``; the actions run then if the alarm has not changed its state since (``runs_later``).
    """

    at: int
    state: AlarmState
    rules: tuple[str, ...]
    until: int
    runs_later: bool


# The times at which actions of one alarm were due, and the states that caused them, in order.
Due = Sequence[tuple[int, AlarmState]]
# The changes of state of one alarm: their times and new states, in order.
States = Sequence[tuple[int, AlarmState | None]]


def muted_actions(
    alarm: str, due: Due, states: States, rules: Iterable[MuteRule], *, end: int
) -> Iterator[MutedActions]:
    """The actions among those that were ``due`` that would have been muted. Nothing is known after ``end``."""
    targeting = [rule for rule in rules if alarm in rule.alarms]
    for at, state in due:
        if muting := tuple(rule.name for rule in targeting if rule.mutes(alarm, at)):
            until = _end_of_muting(at, targeting, end)
            changed = any(at < time <= until for time, _ in states)
            yield MutedActions(at, state, muting, until, runs_later=until < end and not changed)


def _end_of_muting(at: int, rules: Sequence[MuteRule], end: int) -> int:
    """The end of the muting at ``at``, or ``end`` if it lasts longer."""
    until = at
    while until < end:
        reached = [last for rule in rules for first, last in rule.windows(until, end) if first <= until]
        if not reached:
            break
        until = max(reached)
    return until
