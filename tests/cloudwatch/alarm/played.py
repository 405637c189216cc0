"""Reads alarms of calls. A call that is refused, or that is not played, fails the test."""

from collections.abc import Mapping
from typing import Any

from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, read_composite_alarm


def played_alarm(values: Mapping[str, Any]) -> MetricAlarm:
    alarm = read_metric_alarm(values)
    assert isinstance(alarm, MetricAlarm), alarm
    return alarm


def played_composite(values: Mapping[str, Any]) -> CompositeAlarm:
    alarm = read_composite_alarm(values)
    assert isinstance(alarm, CompositeAlarm), alarm
    return alarm
