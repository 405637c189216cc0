"""The pace of calls to the account, on a fake clock."""

import pytest

from alarms.sync.account import ALARM_WRITES_PER_SECOND, Pace

DOCUMENTED_RATE = 3
"""Calls a second of PutMetricAlarm, PutCompositeAlarm and DeleteAlarms, in CloudWatch's service quotas."""


class Clock:
    """A fake clock in seconds. Each sleep takes longer than requested, by the next value of ``overslept``."""

    def __init__(self, *overslept: float) -> None:
        self.now = 100.0
        self._overslept = list(overslept)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + (self._overslept.pop(0) if self._overslept else 0.0)


@pytest.mark.parametrize("overslept", [(), (1.1,), (0.0, 0.9, 0.0, 5.0), (0.39, 0.41, 0.0, 0.2)])
def test_no_second_has_more_calls_than_the_service_allows(overslept: tuple[float, ...]) -> None:
    clock = Clock(*overslept)
    pace = Pace(ALARM_WRITES_PER_SECOND, clock, clock.sleep)
    calls = [time_of_call(pace, clock) for _ in range(20)]
    assert max(sum(1 for other in calls if 0 <= other - call < 1) for call in calls) <= DOCUMENTED_RATE


def time_of_call(pace: Pace, clock: Clock) -> float:
    pace.wait()
    return clock.now


def test_the_first_call_and_a_late_call_do_not_wait() -> None:
    clock = Clock()
    pace = Pace(2.0, clock, clock.sleep)
    assert time_of_call(pace, clock) == 100.0
    clock.now += 7
    assert time_of_call(pace, clock) == 107.0
    assert time_of_call(pace, clock) == 107.5
