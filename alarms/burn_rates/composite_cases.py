"""The unit tests of the composites of an objective, in the form of a case file."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from alarms.burn_rates.objective import Objective
from alarms.burn_rates.windows import BURN_RATES, BurnRate

Json = dict[str, Any]
OK, ALARM = "OK", "ALARM"


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
    states = {name: "OKx5 ALARMx10 OKx6" if name in both else "OKx21" for name in everything}
    then = [
        {"after": 4, "state": OK},
        {"after": 14, "state": ALARM, "acts": True},
        {"after": 20, "state": OK, "acts": True},
    ]
    return {
        "name": f"fires when both {rate.name} windows do",
        "given_states": states | ({held_back: "OKx21"} if held_back else {}),
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
