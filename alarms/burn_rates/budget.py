"""How much of its error budget an objective spent over a recording, and how soon each incident was noticed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alarms.burn_rates.objective import EventMetric, Objective
from alarms.burn_rates.windows import BURN_RATES, DAY, MINUTE, OBJECTIVE_DAYS, BurnRate
from cloudwatch.metric import MetricSource
from cloudwatch.spans import SlidingSpans, Span


@dataclass(frozen=True, slots=True)
class EventCounts:
    """The events of some time: good and bad ones are valid."""

    valid: float
    bad: float

    @property
    def bad_percent(self) -> float:
        return 100 * self.bad / self.valid if self.valid else 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One time of bad events that an alarm noticed. Times are in seconds since the epoch.

    It lasts from the first bad minute to the end of the last one. A minute is bad if its share of bad events is above
    the threshold of the alarm. Minutes belong to one incident if no more than the short window is between them.
    ``budget_part`` is the part of the budget of 28 days that it spent.
    """

    began: int
    fired: int
    recovered: int
    alarm_ended: int
    events: EventCounts
    budget_part: float


class BudgetReport:
    """The events of an objective, minute by minute, from ``begins`` to ``ends`` (seconds since the epoch).

    The budget of 28 days is the share that may be bad of the events of 28 days. A recording is shorter, so its traffic
    is taken for that of the whole time.
    """

    def __init__(self, objective: Objective, source: MetricSource, namespace: str, begins: int, ends: int) -> None:
        self._objective = objective
        self._begins = begins - begins % MINUTE
        number = -(-(ends - self._begins) // MINUTE)
        spans = SlidingSpans(self._begins, length=MINUTE, step=MINUTE, number=number)
        self._minutes = list(_minutes(objective, source, namespace, spans))

    @property
    def events(self) -> EventCounts:
        """All events of the recording."""
        return _sum(self._minutes)

    @property
    def budget_part(self) -> float:
        """The part of the budget of 28 days that the recording spent; 0 without events."""
        return self._part(self.events)

    def incident(self, *, fired: int, alarm_ended: int, pages: bool) -> Incident:
        """The incident because of which the page, or the ticket, was in ALARM from ``fired`` to ``alarm_ended``."""
        rates = [rate for rate in BURN_RATES if rate.pages is pages]
        threshold = min(self._objective.threshold_percent(rate) for rate in rates)
        bad = [index for index, events in enumerate(self._minutes) if events.bad_percent > threshold]
        first, last = (self._index(at) for at in (fired, alarm_ended))
        began = _first_of_incident([index for index in bad if index < first], rates)
        recovered = max((index + 1 for index in bad if index < last), default=first)
        events = _sum(self._minutes[first if began is None else began : last])
        return Incident(
            began=fired if began is None else self._begins + MINUTE * began,
            fired=fired,
            recovered=self._begins + MINUTE * recovered,
            alarm_ended=alarm_ended,
            events=events,
            budget_part=self._part(events),
        )

    def _index(self, at: int) -> int:
        return (at - self._begins) // MINUTE

    def _part(self, events: EventCounts) -> float:
        seconds = MINUTE * len(self._minutes)
        valid = self.events.valid * OBJECTIVE_DAYS * DAY / seconds if seconds else 0.0
        budget = valid * float(self._objective.budget_percent) / 100
        return events.bad / budget if budget else 0.0


def _first_of_incident(bad: Sequence[int], rates: Sequence[BurnRate]) -> int | None:
    """The first minute of the last incident among the bad minutes before an alarm; None without any.

    No more than the short window is between two minutes of an incident. It is no longer than the long window, because
    older minutes do not make the alarm fire.
    """
    if not bad:
        return None
    longest = max(rate.long.minutes for rate in rates)
    gap = max(rate.short.minutes for rate in rates)
    first = bad[-1]
    for index in reversed(bad):
        if first - index > gap or bad[-1] - index >= longest:
            break
        first = index
    return first


def _minutes(
    objective: Objective, source: MetricSource, namespace: str, spans: Sequence[Span]
) -> Iterator[EventCounts]:
    valid, counted = (
        _added([_values(source, each, namespace, spans) for each in metrics])
        for metrics in (objective.valid_events, objective.counted_events)
    )
    for all_events, some in zip(valid, counted, strict=True):
        yield EventCounts(all_events, some if objective.bad_events else all_events - some)


def _values(source: MetricSource, each: EventMetric, namespace: str, spans: Sequence[Span]) -> list[float]:
    return [value or 0.0 for value in source.values(each.metric(namespace), each.statistic, spans)]


def _added(columns: Sequence[Sequence[float]]) -> list[float]:
    return [sum(values) for values in zip(*columns, strict=True)]


def _sum(minutes: Sequence[EventCounts]) -> EventCounts:
    return EventCounts(sum(each.valid for each in minutes), sum(each.bad for each in minutes))
