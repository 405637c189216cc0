"""The unit tests of the alarm of one window of an objective, in the form of a case file.

They publish the events of the objective's ``examples``, which say what a good and a bad event look like. So a wrong
metric, statistic or dimension in the objective is found, and not only a changed number.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import Any

from alarms.burn_rates.objective import Example, Objective
from alarms.burn_rates.windows import BurnRate, Window

Json = dict[str, Any]
Events = tuple[int, Example, int]  # the minute, what each event publishes, the number of events
SINGLE_EVENTS = 2_000  # in a window, at most: one event more or less changes a share of them by 0.05 % of itself
SUMMED_EVENTS = 1_000_000  # in a window, if records may count several: a share with four decimals of a percent is exact
OK, ALARM = "OK", "ALARM"


def window_cases(objective: Objective, rate: BurnRate, window: Window) -> list[Json]:
    """The cases of the alarm of one window.

    Events are published shortly before an evaluation. So a window that is a minute longer or shorter is noticed.
    """
    return [
        _nothing_happens(objective, window),
        *_at_the_threshold(objective, rate, window),
        *_above_the_threshold(objective, rate, window),
        *_few_events(objective, rate, window),
        *_every_kind_of_bad_events(objective, rate, window),
        *_exactly_at_the_threshold(objective, rate, window),
    ]


def _nothing_happens(objective: Objective, window: Window) -> Json:
    return _case("is OK without events", objective, [], [(window.minutes_between_evaluations, OK)])


def _at_the_threshold(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    bad, total = largest_share_that_may_be_bad(objective, rate)
    step = window.minutes_between_evaluations
    for good, example in product(objective.examples.good, objective.examples.bad):
        name = f"is OK at {bad} of {total} events like {_text(example)}, others like {_text(good)}"
        yield _case(name, objective, [(step - 1, example, bad), (step, good, total - bad)], [(2 * step, OK)])


def _exactly_at_the_threshold(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    """A case with very many events, if the threshold is no share of the few events of other cases.

    Trimmed statistics of a million values take seconds, so their alarms have no such case.
    """
    share = share_of(objective.threshold_percent(rate))
    if share.denominator > events_max(objective) and is_counted_by_sets(objective):
        bad, total, step = share.numerator, share.denominator, window.minutes_between_evaluations
        events = [(step - 1, objective.examples.bad[0], bad), (step, objective.examples.good[0], total - bad)]
        yield _case(f"is OK at {bad} of {total} events, exactly the threshold", objective, events, [(2 * step, OK)])


def _above_the_threshold(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    """It fires while the bad events are in the window, and not a minute longer."""
    bad, total = largest_share_that_may_be_bad(objective, rate)
    step = window.minutes_between_evaluations
    for good, example in product(objective.examples.good, objective.examples.bad):
        name = f"fires at {bad} of {total - 1} events like {_text(example)}, others like {_text(good)}"
        then = [(2 * step, ALARM), (window.minutes, ALARM), (window.minutes + step, OK)]
        yield _case(name, objective, [(step - 1, example, bad), (step, good, total - 1 - bad)], then)


def _every_kind_of_bad_events(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    """Bad events of different kinds are added."""
    first, *others = objective.examples.bad
    if not others:
        return
    bad, total = largest_share_that_may_be_bad(objective, rate)
    step, part = window.minutes_between_evaluations, bad // (1 + len(others))
    kinds = [(step + minute, example, part) for minute, example in enumerate(others)]
    rest = bad - part * len(others)
    events = [(step - 1, first, rest), *kinds, (step + len(others), objective.examples.good[0], total - 1 - bad)]
    name = f"fires at {bad} of {total - 1} events of every bad kind together"
    yield _case(name, objective, events, [(step * (2 + len(others)), ALARM)])


def _few_events(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    """A long window needs some events before it decides. A short one has no such bound.

    When the events have left the window, it has no data, and does not look for older ones.
    """
    least, step = objective.valid_events_min if window.is_long else 1, window.minutes_between_evaluations
    bad = floor(least * share_of(objective.threshold_percent(rate))) + 1
    ends = (window.minutes + 4 * step, OK)
    good = objective.examples.good[0]
    for example in objective.examples.bad:
        name = f"fires at {least} events, {bad} of them like {_text(example)}, and not before"
        if window.is_long:
            events = [(step, example, bad), (step + 1, good, least - 1 - bad), (3 * step, good, 1)]
            then = [(3 * step, OK), (4 * step, ALARM), (window.minutes + step, ALARM), ends]
        else:
            events = [(step, example, 1)]
            then = [(2 * step, ALARM), (window.minutes + step, ALARM), ends]
        yield _case(name, objective, events, then)


def largest_share_that_may_be_bad(objective: Objective, rate: BurnRate) -> tuple[int, int]:
    """Numbers of bad and of all events, at the threshold or just below it. With one good event less it is exceeded."""
    threshold = share_of(objective.threshold_percent(rate))
    events = events_max(objective)
    if threshold.denominator <= events:
        times = events // threshold.denominator
        return threshold.numerator * times, threshold.denominator * times
    bad = floor(events * threshold)
    return bad, ceil(bad / threshold)


def is_counted_by_sets(objective: Objective) -> bool:
    """Whether no statistic of the objective needs single values."""
    return objective.statistics <= {"Sum", "SampleCount"}


def share_of(percent: float) -> Fraction:
    """The exact share of a percentage that is written with a few decimals."""
    return Fraction(str(percent)) / 100


def events_max(objective: Objective) -> int:
    """The most events of a case but the exact one."""
    return SUMMED_EVENTS if objective.statistics == {"Sum"} else SINGLE_EVENTS


def _text(example: Example) -> str:
    return ", ".join(f"{metric} {value:g}" for metric, value in example.items())


def _case(name: str, objective: Objective, events: Sequence[Events], then: Sequence[tuple[int, str]]) -> Json:
    keys = {key for each in (*objective.examples.good, *objective.examples.bad) for key in each}
    sums = {key for key in keys if _is_summed(objective, key)}
    return {
        "name": name,
        "given": {key: _line(key, events, is_summed=key in sums) for key in sorted(keys)},
        "then": [{"after": after, "state": state} for after, state in then],
    }


def _is_summed(objective: Objective, key: str) -> bool:
    """Whether only the Sum of the metric counts. Then a record may count several events."""
    name = key.partition("{")[0]
    used = {each.statistic for each in (*objective.valid_events, *objective.counted_events) if each.name == name}
    return used == {"Sum"}


def _line(key: str, events: Sequence[Events], *, is_summed: bool) -> str:
    """The values that the events publish of one metric, in the notation of series."""
    items: list[str] = []
    minute = 0
    for begins, example, number in events:
        if key in example and number:
            items += [f"_x{begins - minute}"] if begins > minute else []
            value = example[key]
            counts_several = is_summed and number > 2
            items.append(f"[{value:g} {value * (number - 1):g}]" if counts_several else f"{value:g}*{number}")
            minute = begins + 1
    return " ".join(items) or "_"
