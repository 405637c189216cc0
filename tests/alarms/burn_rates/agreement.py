"""Plays the alarms of objectives over random series, and compares states and spent budgets with the naive promises."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import isclose

from alarms.alarm_reading import alarm_of, composite_of
from alarms.burn_rates.budget import BudgetReport
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.definition_files import Definition, DefinitionKind, Variables
from alarms.definition_reading import read_definitions, read_objectives
from alarms.recording import raw_metrics
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore
from tests.alarms.burn_rates.naive_promises import PROMISED, PROMISES, spent_share, verdicts
from tests.alarms.burn_rates.published_events import EVENTS, Event
from tests.alarms.burn_rates.random_errors import ErrorSeries, error_series

MIDNIGHT = 1_767_225_600  # 2026-01-01 00:00 UTC
MINUTE, HOUR = 60, 3_600
LOOKS_BACK_EVERY = 25


@dataclass
class Figures:
    """What was compared. ``evaluations`` are states of a page or a ticket; the others are parts of them."""

    series: int = 0
    evaluations: int = 0
    in_alarm: int = 0
    near_ties: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.series + other.series,
            self.evaluations + other.evaluations,
            self.in_alarm + other.in_alarm,
            self.near_ties + other.near_ties,
        )

    def __str__(self) -> str:
        return (
            f"{self.series:,} series, {self.evaluations:,} evaluations compared, {self.in_alarm:,} of them in ALARM; "
            f"{self.near_ties:,} too near to a rounded threshold to compare"
        )


class Disagreement(AssertionError):
    """The alarms of an objective are not in the states that its promise asks for."""


@dataclass(frozen=True)
class PlayedObjective:
    """The alarms of an objective: those of its windows, and the composites ``page`` and ``ticket``."""

    read: ObjectiveFile
    namespace: str
    windows: Sequence[MetricAlarm]
    page: CompositeAlarm
    ticket: CompositeAlarm

    @cached_property
    def _distributions(self) -> set[MetricId]:
        return raw_metrics(self.windows)

    def states(self, series: ErrorSeries, store: MetricStore) -> Iterator[tuple[bool, bool]]:
        """Whether the page and the ticket are in ALARM after each minute.

        An evaluation looks back for periods in place of those without a value. All series are filled, so one period
        would do. For long periods it takes a fraction of the time, and only some series are played with the default.
        """
        begin, end = compared_time(series)
        changes: list[Transition] = []
        for alarm in self.windows:
            looks_back = 1 if alarm.period >= HOUR and series.seed % LOOKS_BACK_EVERY else None
            last = begin // alarm.schedule.interval * alarm.schedule.interval  # its state from before is known
            changes += AlarmMachine(alarm, store, evaluation_range=looks_back).run(last - 1, end)
        events = CompositeMachine([self.page, self.ticket]).run(changes, begin - HOUR, end)
        transitions = [event for event in events if isinstance(event, Transition)]
        both = ([t for t in transitions if t.name == alarm.name] for alarm in (self.page, self.ticket))
        return zip(*(_in_alarm(own, begin, series.minutes_compared) for own in both), strict=True)

    def budget_part(self, series: ErrorSeries, store: MetricStore) -> float:
        """The part of the budget of 28 days that the compared minutes spent."""
        return BudgetReport(self.read.objective, store, self.namespace, *compared_time(series)).budget_part

    def store(self, series: ErrorSeries) -> MetricStore:
        """The metrics that the events of the series publish."""
        rng = random.Random(series.seed)
        store = MetricStore(self._distributions)
        good, bad = EVENTS[self.read.stem].good, EVENTS[self.read.stem].bad
        for minute, (valid, wrong) in enumerate(zip(series.valid, series.bad, strict=True), series.first_minute):
            if valid:
                at = MIDNIGHT + MINUTE * minute
                _publish(store, at, good, valid - wrong, rng)
                _publish(store, at, bad, wrong, rng)
        return store


def compared_time(series: ErrorSeries) -> tuple[int, int]:
    """The begin and the end of the compared minutes, in seconds since the epoch."""
    begin = MIDNIGHT + MINUTE * (series.first_minute + series.compared_from)
    return begin, begin + MINUTE * series.minutes_compared


def _publish(store: MetricStore, at: int, events: Sequence[Event], number: int, rng: random.Random) -> None:
    """Publish ``number`` events. Each kind of ``events`` has a random part of them."""
    for index, event in enumerate(events, 1):
        own = number if index == len(events) else rng.randint(0, number)
        number -= own
        for metric, value in event.items() if own else ():
            store.add(Datapoint(metric, "None", at * 1000, (value,) * own))


def _in_alarm(transitions: Sequence[Transition], begin: int, minutes: int) -> list[bool]:
    """Whether an alarm is in ALARM after each of the ``minutes`` from ``begin`` on."""
    states = [False] * minutes
    ends = [*((t.at, t.new is AlarmState.ALARM) for t in transitions), (begin + MINUTE * (minutes + 1), False)]
    for (at, in_alarm), (until, _) in pairwise(ends):
        if in_alarm:
            first, last = (max(0, (time - begin) // MINUTE - 1) for time in (at, until))
            states[first:last] = [True] * (last - first)
    return states


def played_objective(read: ObjectiveFile, definitions: Iterable[Definition], variables: Variables) -> PlayedObjective:
    """The objective with its alarms, which are among the definitions."""
    own = {each.stem: each for each in definitions if each.objective == read.stem}
    windows = [alarm_of(each) for each in own.values() if each.kind is DefinitionKind.METRIC_ALARM]
    page, ticket = (composite_of(own[f"{read.stem}-{name}"]) for name in ("page", "ticket"))
    assert isinstance(page, CompositeAlarm)
    assert isinstance(ticket, CompositeAlarm)
    played = [alarm for alarm in windows if isinstance(alarm, MetricAlarm)]
    return PlayedObjective(read, str(variables["NAMESPACE"]), played, page, ticket)


def played_objectives(variables: Variables) -> list[PlayedObjective]:
    """Each objective of this project with its alarms, in the order of their names."""
    definitions = read_definitions(variables)
    return [played_objective(read, definitions, variables) for read in read_objectives(variables)]


def compare_states(objective: PlayedObjective, series: ErrorSeries, store: MetricStore) -> Figures:
    """Raises Disagreement at the first minute after which an alarm has another state than was promised."""
    found = Figures(series=1, evaluations=2 * series.minutes_compared)
    promised = verdicts(PROMISES[objective.read.stem], series)
    for minute, (must, does) in enumerate(
        zip(promised, objective.states(series, store), strict=True), series.compared_from + 1
    ):
        if must == does:
            found.in_alarm += does[0] + does[1]
            continue
        for alarm, fire, fires in zip((objective.page, objective.ticket), must, does, strict=True):
            if fire is None:
                found.near_ties += 1
            elif fire is not fires:
                said = "is" if fires else "is not"
                raise Disagreement(f"{alarm.name} {said} in ALARM after minute {minute} of {series}")
            else:
                found.in_alarm += fires
    return found


def compare_budget(objective: PlayedObjective, series: ErrorSeries, store: MetricStore) -> None:
    """Raises Disagreement if the series spent another part of the budget."""
    valid, bad = (sum(counts[series.compared_from :]) for counts in (series.valid, series.bad))
    in_28_days = Fraction(valid * PROMISED, series.minutes_compared)
    spent = spent_share(bad, in_28_days, PROMISES[objective.read.stem].target) if valid else Fraction(0)
    found = objective.budget_part(series, store)
    if not isclose(found, spent):
        raise Disagreement(f"{found} of the budget of {objective.read.stem} is spent, not {float(spent)}, by {series}")


def compare_all(objectives: Sequence[PlayedObjective], seeds: Iterable[int]) -> Figures:
    """Compare states and budgets of the series of each seed; the objectives take turns. Raises Disagreement."""
    found = Figures()
    for seed in seeds:
        objective, series = objectives[seed % len(objectives)], error_series(seed)
        store = objective.store(series)
        compare_budget(objective, series, store)
        found += compare_states(objective, series, store)
    return found
