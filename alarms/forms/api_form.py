"""Plain parameters of an API call, as ``aws cloudwatch put-metric-alarm --cli-input-json`` takes them.

A file may hold one call, a list of calls, or only the body of a dashboard, as the console shows it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition, DefinitionError, DefinitionKind

# The members by which a call is recognised, the most specific ones first.
MEMBERS: tuple[tuple[DefinitionKind, frozenset[str]], ...] = (
    (DefinitionKind.SCALING_POLICY, frozenset({"PolicyName", "AutoScalingGroupName"})),
    (DefinitionKind.SCALING_POLICY, frozenset({"PolicyName", "ServiceNamespace"})),
    (DefinitionKind.LOG_ALARM, frozenset({"AlarmName", "ScheduledQueryConfiguration"})),
    (DefinitionKind.MUTE_RULE, frozenset({"Name", "Rule"})),
    (DefinitionKind.ANOMALY_DETECTOR, frozenset({"SingleMetricAnomalyDetector"})),
    (DefinitionKind.ANOMALY_DETECTOR, frozenset({"MetricMathAnomalyDetector"})),
    (DefinitionKind.COMPOSITE_ALARM, frozenset({"AlarmName", "AlarmRule"})),
    (DefinitionKind.METRIC_ALARM, frozenset({"AlarmName"})),
    (DefinitionKind.DASHBOARD, frozenset({"DashboardName", "DashboardBody"})),
    (DefinitionKind.ANOMALY_DETECTOR, frozenset({"Namespace", "MetricName", "Stat"})),  # the older form
)


def read_api_form(document: Any, file: str) -> list[Definition]:
    """The definitions of a document; none if it is not of this form.

    Raises DefinitionError for a list that has calls and something else: what is no call would not be checked.
    """
    if isinstance(document, Mapping) and isinstance(document.get("widgets"), list):
        parameters = {"DashboardName": Path(file).stem, "DashboardBody": document}
        return [Definition(DefinitionKind.DASHBOARD, file, {}, {}, parameters, is_ours=False)]
    if isinstance(document, Sequence) and not isinstance(document, str):
        calls = [(call, f"[{index}]") for index, call in enumerate(document)]
    else:
        calls = [(document, "")]
    kinds = [(_kind_of(call), call, place) for call, place in calls]
    found = [
        Definition(kind, file, {}, {}, call, place, is_ours=False) for kind, call, place in kinds if kind is not None
    ]
    if found and (unknown := [place for kind, _, place in kinds if kind is None]):
        raise DefinitionError([f"{file}: {place}: is no call that is known here" for place in unknown])
    return found


def _kind_of(call: Any) -> DefinitionKind | None:
    if not isinstance(call, Mapping):
        return None
    return next((kind for kind, members in MEMBERS if members <= call.keys()), None)
