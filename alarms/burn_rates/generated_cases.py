"""The unit tests of the alarms of an objective, in the form of a case file.

They publish the events of the objective's ``examples``, which say what a good and a bad event look like. So a wrong
metric, statistic or dimension in the objective is found, and not only a changed number.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from math import floor
from typing import Any

from alarms.burn_rates.objective import Example, Objective
from alarms.burn_rates.windows import BURN_RATES, BurnRate, Window

Json = dict[str, Any]
Events = tuple[int, Example, int]  # the minute, what each event publishes, the number of events
EVENTS = 1_000  # in a window: a share of them is exact to 0.1 %
OK, ALARM = "OK", "ALARM"


def window_cases(objective: Objective, rate: BurnRate, window: Window) -> list[Json]:
    """The cases of the alarm of one window."""
    return [
        _nothing_happens(objective, window),
        *_at_the_threshold(objective, rate, window),
        *_above_the_threshold(objective, rate, window),
        *_few_events(objective, window),
    ]


def _nothing_happens(objective: Objective, window: Window) -> Json:
    return _case("is OK without events", objective, [], [(window.minutes_between_evaluations, OK)])


def _at_the_threshold(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    total = _total(objective)
    bad = floor(total * objective.threshold_percent(rate) / 100)
    for good, example in product(objective.examples.good, objective.examples.bad):
        name = f"is OK at {bad} of {total} events like {_text(example)}, others like {_text(good)}"
        events = [(0, example, bad), (1, good, total - bad)]
        yield _case(name, objective, events, [(_after(window, 2), OK)])


def _above_the_threshold(objective: Objective, rate: BurnRate, window: Window) -> Iterator[Json]:
    """It fires while the bad events are in the window, and not a minute longer."""
    total, later = _total(objective), window.minutes_between_evaluations
    bad = floor(total * objective.threshold_percent(rate) / 100) + 1
    good = objective.examples.good[0]
    for example in objective.examples.bad:
        name = f"fires at {bad} of {total} events like {_text(example)}, for {window.text}"
        then = [(_after(window, 2), ALARM), (window.minutes, ALARM), (window.minutes + later, OK)]
        yield _case(name, objective, [(0, example, bad), (1, good, total - bad)], then)


def _few_events(objective: Objective, window: Window) -> Iterator[Json]:
    """A long window needs some events before it decides. A short one has no such bound."""
    least, later = objective.valid_events_min if window.is_long else 1, window.minutes_between_evaluations
    for example in objective.examples.bad:
        name = f"fires at {least} events like {_text(example)}, and not before"
        then = [(later, OK if least > 1 else ALARM), (2 * later, ALARM)]
        yield _case(name, objective, [(0, example, max(1, least - 1)), (later, example, 1)], then)


def _total(objective: Objective) -> int:
    return max(EVENTS, objective.valid_events_min)


def _after(window: Window, minutes: int) -> int:
    """The first evaluation after so many minutes."""
    return max(minutes, window.minutes_between_evaluations)


def _text(example: Example) -> str:
    return ", ".join(f"{metric} {value:g}" for metric, value in example.items())


def _case(name: str, objective: Objective, events: Sequence[Events], then: Sequence[tuple[int, str]]) -> Json:
    keys = {key for each in (*objective.examples.good, *objective.examples.bad) for key in each}
    return {
        "name": name,
        "given": {key: _line(key, events) for key in sorted(keys)},
        "then": [{"after": after, "state": state} for after, state in then],
    }


def _line(key: str, events: Sequence[Events]) -> str:
    """The values that the events publish of one metric, in the notation of series."""
    items: list[str] = []
    minute = 0
    for begins, example, number in events:
        if key in example:
            items += [f"_x{begins - minute}"] if begins > minute else []
            items.append(f"{example[key]:g}*{number}")
            minute = begins + 1
    return " ".join(items) or "_"


def composite_cases(objective: Objective, stem: str, *, pages: bool) -> list[Json]:
    """The cases of the composite that pages, or of the one that makes a ticket."""
    rates = [rate for rate in BURN_RATES if rate.pages is pages]
    names = {rate: [f"{stem}-{rate.name}-{window.text}" for window in rate.windows] for rate in rates}
    everything = [name for both in names.values() for name in both]
    held_back = objective.suppressed_by if pages else None
    cases = [_alone(rate, names[rate], everything, held_back) for rate in rates]
    cases += [_one_window_each(firing, everything) for firing in product(*names.values())]
    cases.append(_without_data(everything))
    return cases + (_suppressed(names[rates[0]], everything, held_back) if held_back else [])


def _alone(rate: BurnRate, both: Sequence[str], everything: Sequence[str], held_back: str | None) -> Json:
    states = {name: "OKx5 ALARMx10" if name in both else "OKx15" for name in everything}
    then = [{"after": 4, "state": OK}, {"after": 14, "state": ALARM, "acts": True}]
    return {
        "name": f"fires when both {rate.name} windows do",
        "given_states": states | ({held_back: "OKx15"} if held_back else {}),
        "then": then,
    }


def _one_window_each(firing: Sequence[str], everything: Sequence[str]) -> Json:
    """As many windows fire as can without completing a pair."""
    return {
        "name": f"is OK when of each pair only {' and '.join(firing)} fires",
        "given_states": {each: "OKx5 ALARMx10" if each in firing else "OKx15" for each in everything},
        "then": [{"after": 14, "state": OK}],
    }


def _without_data(everything: Sequence[str]) -> Json:
    return {
        "name": "is OK without data",
        "given_states": dict.fromkeys(everything, "INSUFFICIENT_DATAx9"),
        "then": [{"after": 8, "state": OK}],
    }


def _suppressed(both: Sequence[str], everything: Sequence[str], held_back: str) -> list[Json]:
    fires = {name: "OKx5 ALARMx25" if name in both else "OKx30" for name in everything}
    return [
        {
            "name": f"waits two minutes for {held_back} before it pages",
            "given_states": fires | {held_back: "OKx30"},
            "then": [{"after": 6.9, "state": ALARM, "acts": False}, {"after": 7, "state": ALARM, "acts": True}],
        },
        {
            "name": f"is held back while {held_back} fires, and three minutes longer",
            "given_states": fires | {held_back: "OKx6 ALARMx9 OKx15"},
            "then": [{"after": 17.9, "state": ALARM, "acts": False}, {"after": 18, "state": ALARM, "acts": True}],
        },
    ]
