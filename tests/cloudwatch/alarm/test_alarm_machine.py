"""An alarm over time: when it fires and when not, its reasons, and its agreement with a naive evaluator."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarm.alarm_machine import AlarmMachine, samples_needed
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import RATE, math_parameters, parameters
from tests.cloudwatch.alarm.test_missing_data import MODES, naive_state
from tests.cloudwatch.sample_source import LATENCY, SampleSource, minutes

Values = Sequence[float | None]


def alarm(**changes: Any) -> MetricAlarm:
    return played_alarm(parameters(**({"Threshold": 5} | changes)))


def changes(watching: MetricAlarm, source: SampleSource, end: int, **options: Any) -> list[tuple[int, str | None]]:
    return [(change.at, change.new) for change in AlarmMachine(watching, source, **options).run(0, end)]


def test_an_alarm_begins_with_insufficient_data_and_keeps_it_without_data() -> None:
    machine = AlarmMachine(alarm(), minutes([]))
    assert machine.state is AlarmState.INSUFFICIENT_DATA
    assert list(machine.run(0, 3_600)) == []


def test_it_fires_when_m_of_the_newest_n_points_breach() -> None:
    assert changes(alarm(DatapointsToAlarm=2), minutes([1, 9, 1, 9]), 240) == [(60, "OK"), (240, "ALARM")]


def test_it_does_not_fire_when_fewer_than_m_points_breach() -> None:
    assert changes(alarm(), minutes([1, 9, 9, 1, 9, 9]), 360) == [(60, "OK")]


def test_it_recovers_when_too_few_of_the_newest_points_breach() -> None:
    assert changes(alarm(), minutes([1, 9, 9, 9, 1]), 300) == [(60, "OK"), (240, "ALARM"), (300, "OK")]


def test_it_does_not_fire_before_the_period_of_the_last_breach_has_ended() -> None:
    once = alarm(EvaluationPeriods=1)
    machine = AlarmMachine(once, minutes([9]))
    assert machine.step(59) is None
    assert machine.step(60) is not None


def test_it_fires_later_if_data_arrive_late() -> None:
    once = alarm(EvaluationPeriods=1)
    assert changes(once, minutes([9]), 600, delivery_delay=90)[0] == (180, "ALARM")


def test_a_minute_alarm_is_evaluated_every_minute_and_one_of_high_resolution_every_ten_seconds() -> None:
    samples = SampleSource({LATENCY: [(time, 9.0) for time in range(0, 60, 10)]})
    fast = alarm(Period=10, EvaluationPeriods=2)
    assert changes(fast, samples, 60) == [(20, "ALARM")]
    assert changes(alarm(EvaluationPeriods=1), samples, 90) == [(60, "ALARM")]


def test_a_period_of_five_minutes_slides_every_minute() -> None:
    """The example of the user guide: minutes 1 to 5, then minutes 2 to 6."""
    slow = alarm(Period=300, EvaluationPeriods=1, Statistic="Sum", Threshold=20)
    assert changes(slow, minutes([0, 0, 5, 5, 5, 6]), 360) == [(60, "OK"), (360, "ALARM")]


def test_a_period_on_the_wall_clock_does_not_slide() -> None:
    slow = alarm(
        Period=300, EvaluationPeriods=1, Statistic="Sum", Threshold=20, EvaluationWindow={"WallClockWindow": {}}
    )
    assert changes(slow, minutes([0, 0, 5, 5, 5, 6]), 599) == [(300, "OK")]


def test_a_sliding_average_gives_every_sample_the_same_weight() -> None:
    samples = SampleSource({LATENCY: [(0, 100.0), (60, 1.0), (61, 1.0), (62, 1.0)]})
    slow = alarm(Period=120, EvaluationPeriods=1, Threshold=25)
    assert changes(slow, samples, 120) == [(60, "ALARM")]  # 103 / 4 is above 25, like the mean of 100 and 1
    assert changes(alarm(Period=120, EvaluationPeriods=1, Threshold=26), samples, 120) == [(60, "ALARM"), (120, "OK")]


@pytest.mark.parametrize("statistic", ["p50", "TM(:50%)", "IQM", "PR(9:)"])
def test_an_extended_statistic_slides_too(statistic: str) -> None:
    """Periods that do not slide would never have more than three minutes of 10 among five."""
    store = MetricStore()
    for minute in range(10):
        store.add(Datapoint(LATENCY, "None", minute * 60_000, (10.0 if minute in (3, 4, 5, 6) else 1.0,)))
    slow = alarm(Statistic=None, ExtendedStatistic=statistic, Period=300, EvaluationPeriods=1)
    stepped = AlarmMachine(slow, store)
    seen = [(now, change.new) for now in range(60, 601, 60) if (change := stepped.step(now))]
    assert AlarmState.ALARM in [new for _, new in seen]
    assert [(change.at, change.new) for change in AlarmMachine(slow, store).run(0, 600)] == seen


def test_an_alarm_with_a_unit_that_is_never_published_has_no_data() -> None:
    assert changes(alarm(Unit="Bytes"), minutes([9] * 5), 300) == []


def test_the_mode_decides_what_missing_data_do_to_the_state() -> None:
    outage = minutes([9, 9, 9])
    first = (60, "ALARM"), (180, "ALARM")
    assert changes(alarm(TreatMissingData="ignore"), outage, 1_200) == [first[1]]
    assert changes(alarm(TreatMissingData="missing"), outage, 1_200) == [first[1], (480, "INSUFFICIENT_DATA")]
    assert changes(alarm(TreatMissingData="breaching"), outage, 1_200) == [first[0]]
    assert changes(alarm(TreatMissingData="notBreaching"), outage, 1_200) == [
        (60, "OK"),
        (180, "ALARM"),
        (360, "OK"),  # one point is outside the range now, so one of three is filled
    ]


def test_a_longer_range_makes_old_points_count_longer() -> None:
    outage = minutes([9, 9, 9])
    assert changes(alarm(), outage, 1_200, evaluation_range=10)[-1] == (780, "INSUFFICIENT_DATA")


def test_a_range_shorter_than_the_evaluation_periods_is_refused() -> None:
    with pytest.raises(ValueError, match="less than the evaluation periods"):
        AlarmMachine(alarm(), minutes([]), evaluation_range=2)


def test_a_change_is_marked_if_the_undocumented_range_decided() -> None:
    *_, sure = AlarmMachine(alarm(), minutes([1] * 7 + [9, 9, 9])).run(0, 600)
    *_, unsure = AlarmMachine(alarm(), minutes([1] * 7)).run(0, 1_200)
    assert not sure.depends_on_range
    assert unsure.new is AlarmState.INSUFFICIENT_DATA
    assert unsure.depends_on_range


@pytest.mark.parametrize(("gap", "depends"), [(6, True), (7, False)])
def test_the_influence_of_the_range_is_checked_in_twice_the_range(gap: int, depends: bool) -> None:
    """A breach fires at an age of three periods, unless a point within the threshold is in the range.

    That point is 10 or 11 periods back here.
    """
    source, end = minutes([1, *[None] * gap, 9]), (gap + 4) * 60
    *_, fired = AlarmMachine(alarm(), source).run(0, end)
    assert fired.new is AlarmState.ALARM
    assert fired.depends_on_range is depends
    assert AlarmMachine(alarm(), source).step(end) == fired


def test_a_reason_lists_the_deciding_points_by_the_start_of_their_periods() -> None:
    (fired,) = AlarmMachine(alarm(EvaluationPeriods=1), minutes([9])).run(0, 60)
    assert "[9.0 (01/01/70 00:00:00)] was greater than the threshold (5.0)" in fired.reason
    slow = alarm(Period=300, EvaluationPeriods=2, DatapointsToAlarm=1)
    *_, fired = AlarmMachine(slow, minutes([1, 1, 1, 1, 1, 1, 60])).run(0, 420)
    assert "[12.8 (01/01/70 00:02:00)] was greater than" in fired.reason


def test_the_look_back_reaches_beyond_the_start() -> None:
    machine = AlarmMachine(alarm(), minutes([9, 9, 9]))
    assert [change.at for change in machine.run(180, 240)] == [240]


def test_steps_give_the_changes_of_a_run_and_the_newest_value() -> None:
    source = minutes([1, 9, 9, 9, None, 2, 1])
    machine = AlarmMachine(alarm(), source)
    stepped = [change for now in range(60, 481, 60) if (change := machine.step(now))]
    assert stepped == list(AlarmMachine(alarm(), source).run(0, 480))
    assert machine.value is None
    machine.step(420)
    assert machine.value == 1


def test_a_run_of_any_length_reads_the_metric_once() -> None:
    source = minutes([1] * 1_440)
    list(AlarmMachine(alarm(), source).run(0, 86_400))
    assert source.queries == 1


@pytest.mark.parametrize(("percentile", "samples"), [(0.9, 100), (0.99, 1_000), (0.5, 20), (0.1, 100), (0.01, 1_000)])
def test_a_percentile_needs_ten_samples_beyond_it(percentile: float, samples: int) -> None:
    assert samples_needed(percentile) == samples


def test_the_smallest_and_the_largest_value_need_no_samples() -> None:
    assert (samples_needed(0.0), samples_needed(1.0)) == (0, 0)


def low_samples(policy: str, last_minute: int) -> list[tuple[int, str | None]]:
    """The changes in two minutes with 100 samples of 1 and of 9, and a third with ``last_minute`` samples of 1."""
    samples = [(minute * 60 + i % 60, value) for minute, value in enumerate((1.0, 9.0)) for i in range(100)]
    samples += [(120 + i % 60, 1.0) for i in range(last_minute)]
    p90 = alarm(Statistic=None, ExtendedStatistic="p90", EvaluationPeriods=1, EvaluateLowSampleCountPercentile=policy)
    return changes(p90, SampleSource({LATENCY: samples}), 180)


def test_a_percentile_of_few_samples_changes_nothing_if_the_alarm_ignores_them() -> None:
    assert low_samples("ignore", 99) == [(60, "OK"), (120, "ALARM")]


def test_a_percentile_of_enough_samples_counts_if_the_alarm_ignores_few_samples() -> None:
    assert low_samples("ignore", 100) == [(60, "OK"), (120, "ALARM"), (180, "OK")]


def test_a_percentile_of_few_samples_counts_if_the_alarm_evaluates_them() -> None:
    assert low_samples("evaluate", 1) == [(60, "OK"), (120, "ALARM"), (180, "OK")]


def rates(**changes_: Any) -> MetricAlarm:
    return played_alarm(math_parameters(*RATE, EvaluationPeriods=1, Threshold=0.5, **changes_))


def requests(errors: Values, all_requests: Values) -> SampleSource:
    series = (minutes(errors, MetricId("Shop", "Errors")), minutes(all_requests, MetricId("Shop", "Requests")))
    return SampleSource({metric: samples for source in series for metric, samples in source.samples.items()})


def test_metric_math_fires_when_its_result_breaches() -> None:
    assert changes(rates(), requests([0, 6], [10, 10]), 120) == [(60, "OK"), (120, "ALARM")]


def test_metric_math_does_not_fire_when_a_division_by_zero_drops_the_point() -> None:
    assert changes(rates(), requests([0, 6], [10, 0]), 120) == [(60, "OK")]


def test_metric_math_works_without_metrics() -> None:
    constant = math_parameters(
        {"Id": "nine", "Expression": "TIME_SERIES(9)", "Period": 60}, EvaluationPeriods=1, Threshold=5
    )
    assert changes(played_alarm(constant), SampleSource({}), 120) == [(60, "ALARM")]


def test_metric_math_slides_like_a_metric() -> None:
    slow = [
        entry if "Expression" in entry else entry | {"MetricStat": entry["MetricStat"] | {"Period": 120}}
        for entry in RATE
    ]
    watching = played_alarm(math_parameters(*slow, EvaluationPeriods=1, Threshold=0.5))
    source = requests([0, 0, 6, 6, 0], [10] * 5)
    assert changes(watching, source, 300) == [(60, "OK"), (240, "ALARM"), (300, "OK")]


Samples = list[tuple[int, float]]


def naive_states(
    watching: MetricAlarm, source: SampleSource, end: int, size: int, delay: int
) -> list[tuple[int, str | None]]:
    """The changes, where each evaluation computes each of its periods from the single samples."""
    state = "INSUFFICIENT_DATA"
    seen: list[tuple[int, str | None]] = []
    step = 10 if watching.period < 60 else 60
    for now in range(step, end + 1, step):
        newest = (now - delay) // step * step
        ends = [newest - age * watching.period for age in reversed(range(size))]
        values = [source.value(LATENCY, STATISTIC, end - watching.period, end) for end in ends]
        window = "".join("-" if value is None else "X" if value > watching.threshold else "0" for value in values)
        verdict = naive_state(
            window, watching.datapoints_to_alarm, watching.treat_missing_data, watching.evaluation_periods
        )
        if verdict not in ("keep", state):
            state = verdict
            seen.append((now, state))
    return seen


STATISTIC = "Average"


@st.composite
def situations(draw: st.DrawFn) -> tuple[MetricAlarm, Samples, int, int]:
    n = draw(st.integers(1, 4))
    period = draw(st.sampled_from((10, 20, 30, 60, 120, 180, 300)))
    watching = alarm(
        Period=period,
        EvaluationPeriods=n,
        DatapointsToAlarm=draw(st.integers(1, n)),
        TreatMissingData=draw(st.sampled_from(MODES)),
    )
    times = st.integers(-10 * period, 20 * period)
    samples = draw(st.lists(st.tuples(times, st.sampled_from((0.0, 4.0, 5.0, 6.0, 20.0))), max_size=40))
    return watching, samples, n + draw(st.integers(0, 4)), draw(st.sampled_from((0, 5, 60, 90)))


@given(situations())
def test_the_machine_agrees_with_a_naive_evaluator(situation: tuple[MetricAlarm, Samples, int, int]) -> None:
    watching, samples, size, delay = situation
    source, end = SampleSource({LATENCY: samples}), 20 * watching.period
    naive = naive_states(watching, source, end, size, delay)
    assert changes(watching, source, end, evaluation_range=size, delivery_delay=delay) == naive
