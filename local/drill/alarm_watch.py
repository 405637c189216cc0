"""The alarms of a drill: those of the definitions, those of target tracking, and the composites over them."""

from collections.abc import Iterable

from alarms.alarm_reading import alarm_of, composite_of
from alarms.definition_files import Definition, DefinitionKind
from alarms.replay import first_evaluation, is_recorded
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.metric import MetricSource
from local.drill.clock import BASE, MINUTE


class AlarmWatch:
    """All alarms on a metric of ``namespace``. Alarms on AWS's own metrics are left out: no record has those metrics.

    Alarms that only CloudWatch can compute are left out too. The state of a composite is not known while it depends on
    an alarm that is left out.

    ``of_policies`` are the alarms that trigger the scaling policies. Durations in the records are real ones, so an
    alarm on a duration sees real seconds, not simulated ones.
    """

    def __init__(
        self,
        definitions: Iterable[Definition],
        of_policies: Iterable[MetricAlarm],
        namespace: str,
        source: MetricSource,
    ) -> None:
        given = list(definitions)
        defined = [alarm_of(d) for d in given if d.kind is DefinitionKind.METRIC_ALARM]
        played = [alarm for alarm in defined if isinstance(alarm, MetricAlarm)]
        alarms = {alarm.name: alarm for alarm in (*of_policies, *played) if is_recorded(alarm, namespace)}
        over = [composite_of(d) for d in given if d.kind is DefinitionKind.COMPOSITE_ALARM]
        composites = [composite for composite in over if isinstance(composite, CompositeAlarm)]
        self._machines = {name: AlarmMachine(alarm, source) for name, alarm in alarms.items()}
        known = {*alarms, *(composite.name for composite in composites)}
        left_out = {name for composite in composites for name in composite.watches} - known
        self._composites = CompositeMachine(composites, unplayed=left_out)

    def minute(self, end: int) -> list[Transition]:
        """Evaluate all alarms at the end of a minute (simulated s); return their changes of state."""
        begin = end - MINUTE
        changes = [
            change
            for machine in self._machines.values()
            for change in machine.run(max(begin, first_evaluation(machine.alarm, BASE)), end)
        ]
        follows = self._composites.run(changes, begin + 1, end)
        return changes + [event for event in follows if isinstance(event, Transition)]

    def states(self) -> dict[str, AlarmState]:
        """The states of the metric alarms, by name."""
        return {name: machine.state for name, machine in self._machines.items()}

    def value(self, alarm: MetricAlarm) -> float | None:
        """The newest value that the alarm has evaluated."""
        return self._machines[alarm.name].value


def is_of_interest(change: Transition) -> bool:
    """Whether the alarm changes to or from ALARM. Any other change comes from the first data of an alarm."""
    return AlarmState.ALARM in (change.old, change.new)
