"""Every kind of alarm is played as AWS plays it, over random data.

For each case: the states of a run over the whole time, of single steps, and of a naive second reading of AWS's texts
are equal. Data that is cut after a moment changes no state up to that moment.
"""

import random

import pytest

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.state import Transition
from cloudwatch.metric import MetricSource
from tests.cloudwatch.alarm.naive_alarm import naive_changes
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.random_alarms import Case, random_case

CASES_QUICK = 150
CASES_OF_A_BATCH = 1_000
BATCHES = 24


def machine(case: Case, source: MetricSource) -> AlarmMachine:
    alarm = played_alarm(case.parameters())
    return AlarmMachine(alarm, source, evaluation_range=case.size, delivery_delay=case.delay, created=case.start)


def check(seed: int) -> None:
    case = random_case(seed)
    store = case.store()
    run = list(machine(case, store).run(case.start, case.end))
    assert [(t.at, t.new, t.depends_on_range) for t in run] == list(naive_changes(case)), case
    assert stepped(case, store) == run, case
    cut = random.Random(seed).randint(case.start, case.end)
    before = list(machine(case, case.store(before=cut)).run(case.start, cut))
    assert before == [transition for transition in run if transition.at <= cut], (cut, case)


def stepped(case: Case, store: MetricSource) -> list[Transition]:
    one = machine(case, store)
    steps = (one.step(now) for now in range(case.start + 1, case.end + 1) if now % 10 == 0)
    return [transition for transition in steps if transition]


@pytest.mark.parametrize("part", range(3))
def test_run_steps_and_a_naive_reading_agree_and_no_state_depends_on_later_data(part: int) -> None:
    for seed in range(part, CASES_QUICK, 3):
        check(seed)


@pytest.mark.campaign("24,000 random alarms take minutes")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_thousands_of_random_alarms_are_played_as_aws_plays_them(batch: int) -> None:
    for seed in range(batch * CASES_OF_A_BATCH, (batch + 1) * CASES_OF_A_BATCH):
        check(seed)
