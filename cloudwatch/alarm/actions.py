"""The actions that an alarm runs when its state changes."""

import re
from dataclasses import dataclass
from typing import Self

from cloudwatch.alarm.state import AlarmState
from cloudwatch.parameters import Parameters

PARAMETERS = frozenset({"ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"})

_AUTO_SCALING = re.compile(r"arn:[^:]+:(autoscaling|application-autoscaling):")
_EC2 = re.compile(r"arn:[^:]+:(automate:|swf:.*AWS_EC2)")


@dataclass(frozen=True, slots=True)
class Actions:
    """ARNs for each state that the alarm may enter. Nothing checks that they exist, as in CloudWatch."""

    ok: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    insufficient_data: tuple[str, ...] = ()
    enabled: bool = True

    @classmethod
    def read(cls, parameters: Parameters) -> Self:
        return cls(
            parameters.texts("OKActions"),
            parameters.texts("AlarmActions"),
            parameters.texts("InsufficientDataActions"),
            parameters.flag("ActionsEnabled", default=True),
        )

    def on(self, state: AlarmState) -> tuple[str, ...]:
        """The actions that run once, when the alarm enters ``state``."""
        if not self.enabled:
            return ()
        return {AlarmState.OK: self.ok, AlarmState.ALARM: self.alarm}.get(state, self.insufficient_data)

    @property
    def ec2_actions(self) -> tuple[str, ...]:
        """The actions of all states that stop, terminate, reboot or recover an instance."""
        return tuple(action for action in (*self.ok, *self.alarm, *self.insufficient_data) if _EC2.match(action))

    @property
    def auto_scaling_actions(self) -> tuple[str, ...]:
        """The actions of all states that are scaling policies."""
        return tuple(
            action for action in (*self.ok, *self.alarm, *self.insufficient_data) if _AUTO_SCALING.match(action)
        )
