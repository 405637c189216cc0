"""Objectives and alarms with one wrong value: a few random series find each of them."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from alarms.burn_rates.generated_alarms import generated_alarms
from alarms.burn_rates.objective_files import FOLDER, read_objective_file
from alarms.definition_files import ROOT, Definition, Variables
from tests.alarms.burn_rates.agreement import (
    Disagreement,
    PlayedObjective,
    compare_budget,
    compare_states,
    played_objective,
)
from tests.alarms.burn_rates.random_errors import error_series

SERIES_MAX = 250  # as many as each objective has in `make test`

Json = dict[str, Any]
Edit = Callable[[Json], None]


@dataclass(frozen=True)
class Fault:
    """What is wrong in an objective, or in the alarms of it whose names end with ``alarms``."""

    stem: str
    edit: Edit
    alarms: tuple[str, ...] = ()


def value(key: str, wrong: Any) -> Edit:
    def edit(part: Json) -> None:
        assert part[key] != wrong
        part[key] = wrong

    return edit


def statistic(events: str, index: int, wrong: str) -> Edit:
    return lambda objective: value("Stat", wrong)(objective[events][index])


def dimensions(events: str, index: int, wrong: Mapping[str, str]) -> Edit:
    return lambda objective: value("Dimensions", dict(wrong))(objective[events][index])


def forgotten(events: str, index: int) -> Edit:
    def edit(objective: Json) -> None:
        name = objective[events].pop(index)["MetricName"]
        if all(each["MetricName"] != name for each in (*objective["valid_events"], *objective["bad_events"])):
            examples = objective["examples"]["good"]
            examples[:] = [example for example in examples if name not in example]

    return edit


def twice_the_threshold(alarm: Json) -> None:
    alarm["Threshold"] *= 2


def half_the_threshold(alarm: Json) -> None:
    alarm["Threshold"] /= 2


def twice_the_window(alarm: Json) -> None:
    for query in alarm["Metrics"]:
        if "MetricStat" in query:
            query["MetricStat"]["Period"] *= 2


def text(key: str, old: str, new: str) -> Edit:
    def edit(part: Json) -> None:
        assert old in part[key]
        part[key] = part[key].replace(old, new)

    return edit


def averages(alarm: Json) -> None:
    for query in alarm["Metrics"]:
        if query.get("MetricStat", {}).get("Stat") == "Sum":
            query["MetricStat"]["Stat"] = "Average"


def not_filled(alarm: Json) -> None:
    """Without FILL, and with the default for missing data, an alarm goes on with older periods."""
    del alarm["TreatMissingData"]
    for query in alarm["Metrics"]:
        if "FILL" in query.get("Expression", ""):
            query["Expression"] = query["Expression"].replace("FILL(", "").replace(", 0)", "")


def first_pair_only(composite: Json) -> None:
    composite["AlarmRule"], _ = composite["AlarmRule"].split(" OR ")


FAST, MEDIUM, SLOW = ("fast-1h", "fast-5m"), ("medium-6h", "medium-30m"), ("slow-3d", "slow-6h")
FAULTS = {
    "twice the budget of requests": Fault("api-availability", value("target_percent", 99)),
    "twice the budget of clips": Fault("clips-processed", value("target_percent", 98)),
    "half the budget of uploads": Fault("uploads-published", value("target_percent", 99.5)),
    "twice the least number of requests": Fault("api-latency", value("valid_events_min", 100)),
    "half the least number of uploads": Fault("uploads-published", value("valid_events_min", 5)),
    "twice the bound of slow answers": Fault("api-latency", statistic("good_events", 0, "TC(:6000)")),
    "averages in place of sums": Fault("api-availability", averages, (*FAST, *MEDIUM, *SLOW)),
    "a sum in place of a number": Fault("api-availability", statistic("valid_events", 0, "Sum")),
    "a number in place of a sum": Fault("api-availability", statistic("bad_events", 0, "SampleCount")),
    "the service of another metric": Fault("clips-processed", dimensions("bad_events", 0, {"Service": "api"})),
    "refused clips are not valid": Fault("clips-processed", forgotten("valid_events", 1)),
    "late uploads of the api are not bad": Fault("uploads-published", forgotten("bad_events", 1)),
    "requests that the balancer refuses are not bad": Fault("api-availability", forgotten("bad_events", 1)),
    "twice the part of the budget in 1 h": Fault("api-latency", twice_the_threshold, FAST),
    "twice the part of the budget in 6 h": Fault("clips-processed", twice_the_threshold, MEDIUM),
    "half the part of the budget in 6 h": Fault("api-availability", half_the_threshold, MEDIUM),
    "twice the part of the budget in 3 d": Fault("uploads-published", twice_the_threshold, SLOW),
    "2 h in place of 1 h": Fault("clips-processed", twice_the_window, FAST[:1]),
    "12 h in place of 6 h": Fault("api-availability", twice_the_window, MEDIUM[:1]),
    "6 d in place of 3 d": Fault("clips-processed", twice_the_window, SLOW[:1]),
    "10 min in place of 5 min": Fault("api-latency", twice_the_window, FAST[1:]),
    "1 h in place of 30 min": Fault("uploads-published", twice_the_window, MEDIUM[1:]),
    "12 h in place of 6 h as the short window": Fault("clips-processed", twice_the_window, SLOW[1:]),
    "from the threshold on": Fault(
        "clips-processed", value("ComparisonOperator", "GreaterThanOrEqualToThreshold"), MEDIUM
    ),
    "missing data are not filled": Fault("uploads-published", not_filled, (FAST[1], MEDIUM[1])),
    "one window of a pair is enough": Fault("api-latency", text("AlarmRule", " AND ", " OR "), ("page",)),
    "both pairs must fire": Fault("clips-processed", text("AlarmRule", " OR ", " AND "), ("page",)),
    "the second pair does not page": Fault("uploads-published", first_pair_only, ("page",)),
    "one window is enough for a ticket": Fault("api-availability", text("AlarmRule", " AND ", " OR "), ("ticket",)),
}


def planted(fault: Fault, variables: Variables) -> PlayedObjective:
    """The objective with the fault, or with the fault in its alarms."""
    file = f"{FOLDER}/{fault.stem}.json"
    document = json.loads((ROOT / file).read_text())
    if not fault.alarms:
        fault.edit(document["objective"])
    read = read_objective_file(document, file, variables)
    alarms = [
        _edited(each, fault.edit) if each.stem.removeprefix(f"{fault.stem}-") in fault.alarms else each
        for each in generated_alarms(read, variables)
    ]
    return played_objective(read, alarms, variables)


def _edited(definition: Definition, edit: Edit) -> Definition:
    parameters = copy.deepcopy(dict(definition.parameters))
    edit(parameters)
    return replace(definition, parameters=parameters)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_states_of_a_few_series_show_it(fault: Fault, variables: Variables) -> None:
    objective = planted(fault, variables)
    with pytest.raises(Disagreement, match=" in ALARM after minute "):
        for series in map(error_series, range(SERIES_MAX)):
            compare_states(objective, series, objective.store(series))


def test_the_spent_budget_shows_a_wrong_target(variables: Variables) -> None:
    objective = planted(FAULTS["twice the budget of requests"], variables)
    with pytest.raises(Disagreement, match=" of the budget of api-availability is spent, not "):
        for series in map(error_series, range(SERIES_MAX)):
            compare_budget(objective, series, objective.store(series))
