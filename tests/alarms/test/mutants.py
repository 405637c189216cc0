"""Alarms with one changed value. The unit tests of an alarm must notice each, or say why it makes no difference."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alarms.alarm_reading import alarm_of
from alarms.definition_files import Definition, DefinitionError
from cloudwatch.alarm.metric_alarm import Comparison
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.watched import STATISTICS
from cloudwatch.metric_math.tokens import tokenize

PERCENTILES = ("p50", "p90", "p99.9")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Mutant:
    """``change`` says which value was changed to what: ``Threshold 2 -> 4``."""

    definition: Definition
    change: str


def mutants(definition: Definition) -> list[Mutant]:
    """Every mutant of a metric alarm that AWS would accept."""
    made = [
        Mutant(replace(definition, parameters=parameters), change)
        for change, parameters in _changed(dict(definition.parameters))
    ]
    return [mutant for mutant in made if _is_accepted(mutant.definition)]


def _is_accepted(definition: Definition) -> bool:
    try:
        alarm_of(definition)
    except DefinitionError:
        return False
    return True


def _changed(alarm: Json) -> Iterator[tuple[str, Json]]:
    for key, values in _other_values(alarm).items():
        for value in values:
            yield f"{key} {alarm.get(key)} -> {value}", {**alarm, key: value}
    for index, query in enumerate(alarm.get("Metrics", [])):
        for change, other in _changed_queries(query):
            queries = copy.deepcopy(alarm["Metrics"])
            queries[index] = other
            yield f"{query['Id']}: {change}", {**alarm, "Metrics": queries}


def _other_values(alarm: Json) -> dict[str, list[Any]]:
    """The other values of each parameter of an alarm. Without DatapointsToAlarm, it changes with EvaluationPeriods."""
    threshold, periods = alarm["Threshold"], alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm", periods)
    others: dict[str, list[Any]] = {
        "Threshold": sorted({2 * threshold, threshold / 2, threshold + 1, threshold - 1} - {threshold}),
        "EvaluationPeriods": [n for n in (periods - 1, periods + 1) if n >= max(1, alarm.get("DatapointsToAlarm", 1))],
        "DatapointsToAlarm": [m for m in (needed - 1, needed + 1) if 0 < m <= periods],
        "ComparisonOperator": [each for each in Comparison if each != alarm["ComparisonOperator"]],
        "TreatMissingData": [each for each in TreatMissingData if each != alarm.get("TreatMissingData", "missing")],
    }
    if "Statistic" in alarm:
        others["Statistic"] = [each for each in STATISTICS if each != alarm["Statistic"]]
    if "ExtendedStatistic" in alarm:
        others["ExtendedStatistic"] = [each for each in PERCENTILES if each != alarm["ExtendedStatistic"]]
    if "Period" in alarm:
        others["Period"] = [2 * alarm["Period"]]
    return others


def _changed_queries(query: Json) -> Iterator[tuple[str, Json]]:
    if "MetricStat" in query:
        stat = query["MetricStat"]
        for other in (each for each in STATISTICS if each != stat["Stat"]):
            yield f"Stat {stat['Stat']} -> {other}", {**query, "MetricStat": {**stat, "Stat": other}}
        return
    expression = query["Expression"]
    for number in (token for token in tokenize(expression) if token.kind == "number"):
        value, end = float(number.text), number.position + len(number.text)
        for larger in sorted({2 * value, value + 1} - {value}):
            changed = f"{expression[: number.position]}{larger:g}{expression[end:]}"
            yield f"{expression} -> {changed}", {**query, "Expression": changed}
