"""An Auto Scaling group with the alarms of its policies: metrics in, changes of its desired capacity out."""

from collections.abc import Iterable

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.metric import MetricSource
from cloudwatch.scaling.policy import Policy
from cloudwatch.scaling.scaling_group import Decision, ScalingGroup


class GroupMachine:
    """Evaluates the alarms of the group's ``policies`` over ``source``, and lets the policies resize ``group``."""

    def __init__(self, policies: Iterable[Policy], group: ScalingGroup, source: MetricSource) -> None:
        self._group = group
        self._machines = {alarm.name: AlarmMachine(alarm, source) for alarm in group.alarms}
        enabled = (policy for policy in policies if policy.common.enabled and policy.alarms)
        self._of_policies = {policy.common.name: self._machines[policy.alarms[0].name] for policy in enabled}

    def step(self, now: int) -> Decision | None:
        """The decision at ``now`` (seconds since the epoch). Call it every minute, like ``ScalingGroup.step``."""
        for machine in self._machines.values():
            machine.step(now)
        states = {name: machine.state for name, machine in self._machines.items()}
        values = {name: machine.value for name, machine in self._of_policies.items()}
        return self._group.step(now, states, values)
