"""What alarms cost in a month. Source: the price list of Amazon CloudWatch. infra/costs.json has the prices.

An alarm is billed for each metric that it analyses: an alarm on metric math for each of its metrics. A period of less
than a minute costs three times as much. How many metrics a Metrics Insights query analyses is not known here: it counts
as one. A composite has a price of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alarms.definition_files import ROOT, DefinitionKind

PRICES = ROOT / "infra/costs.json"
HIGH_RESOLUTION_FACTOR = 3


@dataclass(frozen=True, slots=True)
class AlarmPrices:
    """US dollars a month, for each metric of an alarm and for each composite."""

    metric: float
    composite: float

    @classmethod
    def read(cls, path: Path = PRICES) -> Self:
        prices = json.loads(path.read_text())["prices"]
        return cls(prices["alarm_month"], prices["composite_alarm_month"])

    def of(self, kind: DefinitionKind, parameters: Mapping[str, Any]) -> float:
        """The price of one definition; 0 if it is no metric alarm and no composite."""
        if kind is DefinitionKind.COMPOSITE_ALARM:
            return self.composite
        return self.metric * billed_metrics(parameters) if kind is DefinitionKind.METRIC_ALARM else 0.0


def billed_metrics(parameters: Mapping[str, Any]) -> int:
    """The number of metrics that CloudWatch bills for a metric alarm. One of high resolution counts as three."""
    statistics = [query["MetricStat"] for query in parameters.get("Metrics") or () if "MetricStat" in query]
    periods = [each.get("Period", 60) for each in statistics] or [parameters.get("Period", 60)]
    return sum(HIGH_RESOLUTION_FACTOR if period < 60 else 1 for period in periods)
