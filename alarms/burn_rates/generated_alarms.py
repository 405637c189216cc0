"""The alarms of an objective: one metric alarm for each window, a composite that pages, one that makes a ticket.

A math alarm has one period, so each window is an alarm of its own, and composites join them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import floor
from typing import Any

from alarms.burn_rates.composite_cases import composite_cases
from alarms.burn_rates.equivalent_changes import equivalent_changes
from alarms.burn_rates.event_queries import share_queries
from alarms.burn_rates.objective import Objective, promise_text
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.window_cases import window_cases
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
    for rate in BURN_RATES:
        for window in rate.windows:
            yield _window_definition(read, rate, window, variables)
    yield _composite_definition(read, PAGE, [rate for rate in BURN_RATES if rate.pages], variables)
    yield _composite_definition(read, TICKET, [rate for rate in BURN_RATES if not rate.pages], variables)


def _window_definition(read: ObjectiveFile, rate: BurnRate, window: Window, variables: Variables) -> Definition:
    objective = read.objective
    why = _why(objective, _threshold_text(objective, rate, window), minutes_to_fire(objective, rate, window))
    parameters = _window_alarm(objective, rate, window, str(variables["NAMESPACE"]))
    definition = _define(read, DefinitionKind.METRIC_ALARM, f"{rate.name}-{window.text}", why, parameters, variables)
    return replace(
        definition,
        assumes=read.assumes,
        cases=tuple(window_cases(objective, rate, window)),
        equivalent=equivalent_changes(
            objective, parameters["Threshold"], parameters["Metrics"], parameters["TreatMissingData"]
        ),
    )


def _composite_definition(
    read: ObjectiveFile, name: str, rates: Sequence[BurnRate], variables: Variables
) -> Definition:
    objective, pages = read.objective, name == PAGE
    topic = variables["PAGE_TOPIC_ARN" if pages else "TICKET_TOPIC_ARN"]
    why = _why(objective, _composite_text(objective, rates), minutes_to_notify(objective, rates))
    parameters = {
        "AlarmRule": _rule(rates, f"{variables['PREFIX']}-{read.stem}"),
        "AlarmActions": [topic],
        "OKActions": [topic],
        **_suppression(objective, variables, pages=pages),
    }
    definition = _define(read, DefinitionKind.COMPOSITE_ALARM, name, why, parameters, variables)
    return replace(definition, cases=tuple(composite_cases(objective, read.stem, pages=pages)))


def _define(
    read: ObjectiveFile, kind: DefinitionKind, name: str, why: Json, parameters: Json, variables: Variables
) -> Definition:
    described = {
        "AlarmName": f"{variables['PREFIX']}-{read.stem}-{name}",
        "AlarmDescription": alarm_description(why, read.stem, variables),
        "ActionsEnabled": True,
        **parameters,
    }
    return Definition(kind, read.file, why, {}, described, place=f"{read.stem}-{name}", objective=read.stem)


def minutes_to_fire(objective: Objective, rate: BurnRate, window: Window) -> int:
    """The minutes from which on every event is bad until the window fires, if as many events came before."""
    share = objective.threshold_percent(rate) / 100
    return floor(window.minutes * share) + 1 + window.minutes_between_evaluations


def minutes_of_pair(objective: Objective, rate: BurnRate) -> int:
    """The minutes until both windows of a pair fire."""
    return max(minutes_to_fire(objective, rate, window) for window in rate.windows)


def minutes_to_notify(objective: Objective, rates: Sequence[BurnRate]) -> int:
    """The minutes from which on every event is bad until the first of ``rates`` pages or makes a ticket."""
    fastest = min(minutes_of_pair(objective, rate) for rate in rates)
    is_held_back = objective.suppressed_by and rates[0].pages
    return fastest + (SUPPRESSOR_WAIT_SECONDS // MINUTE if is_held_back else 0)


def _window_alarm(objective: Objective, rate: BurnRate, window: Window, namespace: str) -> Json:
    return {
        "Metrics": share_queries(objective, window, namespace),
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": objective.threshold_percent(rate),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


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
