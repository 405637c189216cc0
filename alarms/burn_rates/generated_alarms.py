"""The alarms of an objective: one metric alarm for each window, a composite that pages, one that makes a ticket.

A math alarm has one period, so each window is an alarm of its own, and composites join them. Every series is filled
with 0, because an alarm without FILL would go on with older periods while data are missing.
"""

from collections.abc import Iterator, Sequence
from math import floor
from typing import Any

from alarms.burn_rates.generated_cases import composite_cases, window_cases
from alarms.burn_rates.objective import EventMetric, Objective, promise_text
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.windows import BURN_RATES, MINUTE, BurnRate, Window
from alarms.definition_files import Definition, DefinitionKind, Variables, alarm_description, require_variables

PAGE, TICKET = "page", "ticket"  # the ends of the names of the composites
VARIABLES = ("PREFIX", "NAMESPACE", "PAGE_TOPIC_ARN", "TICKET_TOPIC_ARN")
# The minutes in which workers-down, for example, may page first, and for which its end holds the page back.
SUPPRESSOR_WAIT_SECONDS, SUPPRESSOR_EXTENSION_SECONDS = 120, 180

Json = dict[str, Any]


def generated_alarms(read: ObjectiveFile, variables: Variables) -> Iterator[Definition]:
    """The definitions of the alarms. Raises DefinitionError if ``variables`` lacks one of VARIABLES."""
    require_variables(variables, *VARIABLES)
    objective, stem = read.objective, read.stem

    def define(kind: DefinitionKind, name: str, why: Json, parameters: Json, cases: list[Json]) -> Definition:
        described = {
            "AlarmName": f"{variables['PREFIX']}-{stem}-{name}",
            "AlarmDescription": alarm_description(why, stem, variables),
            "ActionsEnabled": True,
            **parameters,
        }
        units = read.assumes if kind is DefinitionKind.METRIC_ALARM else {}
        return Definition(
            kind, read.file, why, units, described, place=f"{stem}-{name}", objective=stem, cases=tuple(cases)
        )

    for rate in BURN_RATES:
        for window in rate.windows:
            why = _why(objective, _threshold_text(objective, rate, window), minutes_to_fire(objective, rate, window))
            yield define(
                DefinitionKind.METRIC_ALARM,
                f"{rate.name}-{window.text}",
                why,
                _window_alarm(objective, rate, window, str(variables["NAMESPACE"])),
                window_cases(objective, rate, window),
            )
    for name, pages, topic in ((PAGE, True, "PAGE_TOPIC_ARN"), (TICKET, False, "TICKET_TOPIC_ARN")):
        rates = [rate for rate in BURN_RATES if rate.pages is pages]
        yield define(
            DefinitionKind.COMPOSITE_ALARM,
            name,
            _why(objective, _composite_text(objective, rates), minutes_to_notify(objective, rates)),
            {
                "AlarmRule": _rule(rates, f"{variables['PREFIX']}-{stem}"),
                "AlarmActions": [variables[topic]],
                "OKActions": [variables[topic]],
                **_suppression(objective, variables, pages=pages),
            },
            composite_cases(objective, stem, pages=pages),
        )


def minutes_to_fire(objective: Objective, rate: BurnRate, window: Window) -> int:
    """The minutes from which on every event is bad until the window fires, if as many events came before."""
    share = objective.threshold_percent(rate) / 100
    return floor(window.minutes * share) + 1 + window.minutes_between_evaluations


def minutes_to_notify(objective: Objective, rates: Sequence[BurnRate]) -> int:
    """The minutes from which on every event is bad until the first of ``rates`` pages or makes a ticket."""
    fastest = min(max(minutes_to_fire(objective, rate, window) for window in rate.windows) for rate in rates)
    is_held_back = objective.suppressed_by and rates[0].pages
    return fastest + (SUPPRESSOR_WAIT_SECONDS // MINUTE if is_held_back else 0)


def _window_alarm(objective: Objective, rate: BurnRate, window: Window, namespace: str) -> Json:
    return {
        "Metrics": _queries(objective, window, namespace),
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": objective.threshold_percent(rate),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def _queries(objective: Objective, window: Window, namespace: str) -> list[Json]:
    """The share of bad events in percent; 0 if a long window has too few events to decide."""
    decides = f"valid >= {objective.valid_events_min}" if window.is_long else "valid"
    share = f"IF({decides}, 100 * bad / valid, 0)"
    return [*event_queries(objective, window.seconds, namespace), _expression("share", share, "bad events, %")]


def event_queries(objective: Objective, period: int, namespace: str) -> list[Json]:
    """The queries ``valid`` and ``bad``: the numbers of events in each ``period``, in seconds. None is returned."""
    queries: list[Json] = []
    counted = "bad" if objective.bad_events else "good"
    for name, metrics in (("valid", objective.valid_events), (counted, objective.counted_events)):
        ids = [f"{name}_{number}" for number in range(1, len(metrics) + 1)]
        queries += [_statistic(id_, each, period, namespace) for id_, each in zip(ids, metrics, strict=True)]
        queries.append(_expression(name, " + ".join(f"FILL({id_}, 0)" for id_ in ids)))
    if counted == "good":
        queries.append(_expression("bad", "valid - good"))
    return queries


def _statistic(id_: str, each: EventMetric, period: int, namespace: str) -> Json:
    metric = each.metric(namespace)
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    identity = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {
        "Id": id_,
        "MetricStat": {"Metric": identity, "Period": period, "Stat": each.statistic},
        "ReturnData": False,
    }


def _expression(id_: str, expression: str, label: str = "") -> Json:
    query = {"Id": id_, "Expression": expression, "ReturnData": bool(label)}
    return {**query, "Label": label} if label else query


def _rule(rates: Sequence[BurnRate], prefix: str) -> str:
    pairs = [" AND ".join(f'ALARM("{prefix}-{rate.name}-{window.text}")' for window in rate.windows) for rate in rates]
    return pairs[0] if len(pairs) == 1 else " OR ".join(f"({pair})" for pair in pairs)


def _suppression(objective: Objective, variables: Variables, *, pages: bool) -> Json:
    if not (objective.suppressed_by and pages):
        return {}
    return {
        "ActionsSuppressor": f"{variables['PREFIX']}-{objective.suppressed_by}",
        "ActionsSuppressorWaitPeriod": SUPPRESSOR_WAIT_SECONDS,
        "ActionsSuppressorExtensionPeriod": SUPPRESSOR_EXTENSION_SECONDS,
    }


def _why(objective: Objective, threshold: str, minutes: int) -> Json:
    return {
        "promise": objective.promise,
        "threshold": threshold,
        "missing_data": "notBreaching, and every series is filled with 0: without events no promise is broken.",
        "owner": objective.owner,
        "fires_within_minutes": minutes,
    }


def _threshold_text(objective: Objective, rate: BurnRate, window: Window) -> str:
    least = f", of at least {objective.valid_events_min} events," if window.is_long else ""
    return (
        f"More than {objective.threshold_percent(rate):g} % bad events in {window.text}{least} "
        f"spend the budget of {float(objective.budget_percent):g} % {float(rate.factor):.4g} times too fast."
    )


def _composite_text(objective: Objective, rates: Sequence[BurnRate]) -> str:
    parts = " or ".join(f"{float(rate.budget_part):.0%} of the budget in {rate.long.text}" for rate in rates)
    return f"{parts} were spent, and bad events go on. Objective: {promise_text(objective)}."
