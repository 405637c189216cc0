"""A plan says how many alarms it adds, and what they cost a month: computed here from the price list by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from alarms.alarm_costs import PRICES, AlarmPrices, billed_metrics
from alarms.definition_files import Definition, DefinitionKind
from alarms.sync.ownership import OWNER_KEY
from alarms.sync.plan import LiveObject, make_plan
from alarms.sync.plan_text import cost_line

TAGS = {OWNER_KEY: "me"}
DOLLARS = AlarmPrices(metric=0.10, composite=0.50)


def define(name: str, kind: DefinitionKind = DefinitionKind.METRIC_ALARM, **parameters: Any) -> Definition:
    return Definition(kind, f"{name}.json", {}, {}, {"AlarmName": name, **parameters})


def live(definition: Definition) -> LiveObject:
    return LiveObject(definition.kind, definition.name, f"arn:{definition.name}", definition.parameters, TAGS)


def queries(number: int, period: int = 60) -> list[dict[str, Any]]:
    metrics = [{"Id": f"m{index}", "MetricStat": {"Period": period}} for index in range(number)]
    return [*metrics, {"Id": "sum", "Expression": "m0 + 1"}]


def line(wanted: Sequence[Definition], found: Sequence[Definition], *, prune: bool = False) -> str:
    objects = [live(each) for each in found]
    return cost_line(make_plan(wanted, objects, tags=TAGS, prune=prune), objects, DOLLARS)


ONE = define("one", Period=60)
MATH = define("math", Metrics=queries(4))
BOTH = define("both", DefinitionKind.COMPOSITE_ALARM, AlarmRule='ALARM("one") AND ALARM("math")')


@pytest.mark.parametrize(
    ("wanted", "found", "text"),
    [
        ([ONE, MATH, BOTH], [], "Alarms: 3 more, 1.00 USD a month more."),  # 0.10 + 4 x 0.10 + 0.50
        ([ONE, MATH, BOTH], [ONE, MATH, BOTH], ""),
        ([ONE], [ONE, BOTH], "Alarms: 1 less, 0.50 USD a month less."),
        (
            [define("one", Period=10)],
            [ONE],
            "Alarms: 0 more, 0.20 USD a month more.",
        ),
        ([define("one", Period=300)], [ONE], ""),
    ],
)
def test_the_line_has_the_difference_in_number_and_price(
    wanted: list[Definition], found: list[Definition], text: str
) -> None:
    assert line(wanted, found, prune=True) == text


@pytest.mark.parametrize(
    ("parameters", "metrics"),
    [
        ({"Period": 60}, 1),
        ({"Period": 10}, 3),
        ({"Metrics": queries(2)}, 2),
        ({"Metrics": queries(2, 10)}, 6),
        ({"Metrics": [{"Id": "q", "Expression": 'SELECT MAX(m) FROM "n"', "Period": 60}]}, 1),
    ],
)
def test_each_metric_is_billed_and_high_resolution_three_times(parameters: dict[str, Any], metrics: int) -> None:
    assert billed_metrics(parameters) == metrics


def test_the_prices_are_those_of_the_cost_model() -> None:
    assert AlarmPrices.read(PRICES) == DOLLARS
