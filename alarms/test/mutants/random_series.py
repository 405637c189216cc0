"""Random series near the thresholds of alarms: of values in a store of metrics, and of states of watched alarms.

The values are a few numbers of the alarms (thresholds, numbers of expressions, and the inputs at which these become
decisive), what lies just below and above them, zero, and missing data. The series follow each other without a pause, so
that an alarm begins each one in the state in which the last one left it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from random import Random

from alarms.recording import raw_metrics, watched_values
from alarms.test.given_series import BEGIN, MINUTE, NO_UNIT, emitted_unit
from alarms.test.notation import NEAR
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.watched import WatchedMath
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.emf import Datapoint
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.metric_math.syntax import Number, postorder
from cloudwatch.store import MetricStore

POINTS_MAX = 40  # of one series
POINTS_OF_A_PERIOD = 3
MINUTES_OF_STATES = 10
_DENSITIES = (1.0, 1.0, 0.9, 0.5, 0.1)  # shares of the kinds of points that have data
_KINDS = (1, 1, 1, 2, 3, 4)  # of points in a series
_CHANGES = 0.3  # the chance that a point is of another kind than the one before it
_SAMPLES = (1, 1, 2, 4, 10, 100)
_SHARES_OF_ALARM = (0.03, 0.3, 0.7)  # with the least, single alarms decide a rule of many
_MINUTES = (1, 1, 2, 3, 5, 10)  # of one state
_OTHER_STATES = (AlarmState.OK, AlarmState.OK, AlarmState.OK, AlarmState.INSUFFICIENT_DATA)


def random_store(
    alarms: Sequence[MetricAlarm], assumes: Mapping[str, str], series: int, chance: Random
) -> tuple[MetricStore, range]:
    """``series`` random series for each metric of the first alarm, and the time at which each of them begins."""
    first = alarms[0]
    units = _units(first, assumes)
    numbers = _Numbers(alarms)
    seconds = first.period if first.period < MINUTE else max(MINUTE, first.period // POINTS_OF_A_PERIOD // 60 * 60)
    resolution = 1 if seconds < MINUTE else MINUTE
    points = min(POINTS_MAX, 2 * (first.evaluation_periods + 1) * max(1, first.period // seconds))
    store = MetricStore(None if isinstance(first.watched, WatchedQuery) else raw_metrics(alarms))
    starts = range(BEGIN, BEGIN + series * seconds * points, seconds * points)
    for at in starts:
        for metric, unit in units.items():
            for index, values in enumerate(_series(numbers, points, chance)):
                if values:
                    store.add(Datapoint(metric, unit, (at + seconds * index) * 1000, values, resolution))
    return store, starts


def random_states(names: Iterable[str], series: int, chance: Random) -> tuple[list[Transition], int]:
    """``series`` random series of states for each alarm, and the time at which they end."""
    duration = MINUTES_OF_STATES * MINUTE
    shares = [chance.choice(_SHARES_OF_ALARM) for _ in range(series)]
    changes = []
    for name in sorted(names):
        old = AlarmState.INSUFFICIENT_DATA
        for number, share in enumerate(shares):
            at, end = BEGIN + number * duration, BEGIN + (number + 1) * duration
            while at < end:
                new = AlarmState.ALARM if chance.random() < share else chance.choice(_OTHER_STATES)
                if new is not old:
                    changes.append(Transition(at, name, old, new, "random"))
                at, old = at + MINUTE * chance.choice(_MINUTES), new
    return changes, BEGIN + series * duration


def _series(numbers: "_Numbers", points: int, chance: Random) -> Iterator[tuple[float, ...]]:
    """The values at each point: a few kinds of points, each several times in a row, as alarms count them."""
    density = chance.choice(_DENSITIES)
    kinds = [_samples(numbers, chance) if chance.random() < density else () for _ in range(chance.choice(_KINDS))]
    point = kinds[0]
    for _ in range(points):
        if chance.random() < _CHANGES:
            point = chance.choice(kinds)
        yield point


def _samples(numbers: "_Numbers", chance: Random) -> tuple[float, ...]:
    samples, one = chance.choice(_SAMPLES), numbers.draw(chance)
    return (one,) * samples if chance.random() < 0.5 else (*(one,) * (samples - 1), numbers.draw(chance))


class _Numbers:
    """The numbers that decide the states of alarms, and their neighbours."""

    def __init__(self, alarms: Iterable[MetricAlarm]) -> None:
        decisive = {0.0, *(number for alarm in alarms for number in _decisive(alarm))}
        near = {near for number in decisive for near in _neighbours(number)}
        least = min(0.0, *(alarm.threshold for alarm in alarms))  # negative values only near negative thresholds
        self._decisive, self._near = (sorted(each for each in found if each >= least) for found in (decisive, near))

    def draw(self, chance: Random) -> float:
        return chance.choice(chance.choice((self._decisive, self._near)))


def _decisive(alarm: MetricAlarm) -> Iterator[float]:
    """Threshold, numbers of the expressions, and inputs at which a product or a sum of both reaches the threshold."""
    numbers = [alarm.threshold, *_numbers(alarm)]
    yield from numbers
    yield from (alarm.threshold / number for number in numbers if number)
    yield from (alarm.threshold - number for number in numbers)


def _neighbours(number: float) -> tuple[float, ...]:
    small = NEAR * (abs(number) or 1)
    return number - small, number + small, number - 1, number + 1, number / 2, 2 * number


def _numbers(alarm: MetricAlarm) -> list[float]:
    if not isinstance(alarm.watched, WatchedMath):
        return []
    formulas = alarm.watched.plan.formulas.values()
    return [n.value for formula in formulas for n in postorder(formula.expression) if isinstance(n, Number)]


def _units(alarm: MetricAlarm, assumes: Mapping[str, str]) -> dict[MetricId, str]:
    if isinstance(alarm.watched, WatchedQuery):
        return dict.fromkeys(_selectable(alarm.watched.query), NO_UNIT)
    return {watched.metric: emitted_unit(watched, assumes) for watched in watched_values(alarm)}


def _selectable(query: SelectQuery) -> Iterator[MetricId]:
    """Metrics with each value of a condition of the query, and with two others, for each of its dimensions."""
    labels = {name.text: ["one", "other"] for name in query.labels}
    for condition in query.where:
        if condition.key.is_dimension:
            labels[condition.key.text].append(condition.value.text)
    for values in product(*labels.values()):
        yield MetricId.of(query.namespace.text, query.metric.text, dict(zip(labels, values, strict=True)))
