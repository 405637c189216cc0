"""Each rule is silent for the definitions as they are, and goes red when one thing is broken."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.check import lint
from alarms.check.lint import RULES, Definitions, calls_that_aws_refuses, lint_problems
from alarms.definition_files import ROOT, Definition, DefinitionKind

Break = Callable[[Definitions], Definitions]


def change(stem: str, kind: DefinitionKind | None = None, **parameters: Any) -> Break:
    """Other parameters for one definition; None takes one away."""

    def change_one(definition: Definition) -> Definition:
        changed = {**definition.parameters, **parameters}
        return replace(definition, parameters={key: value for key, value in changed.items() if value is not None})

    return rewrite(stem, change_one, kind)


def rewrite(stem: str, how: Callable[[Definition], Definition], kind: DefinitionKind | None = None) -> Break:
    def broken(house: Definitions) -> Definitions:
        assert any(meant(d) for d in house.definitions), stem
        return replace(house, definitions=tuple(how(d) if meant(d) else d for d in house.definitions))

    def meant(definition: Definition) -> bool:
        return definition.stem == stem and kind in (None, definition.kind)

    return broken


def without(stem: str, kind: DefinitionKind = DefinitionKind.METRIC_ALARM) -> Break:
    return lambda house: replace(
        house, definitions=tuple(d for d in house.definitions if (d.stem, d.kind) != (stem, kind))
    )


def with_why(stem: str, **why: Any) -> Break:
    return rewrite(stem, lambda definition: replace(definition, why={**definition.why, **why}))


def with_body(stem: str, edit: Callable[[dict[str, Any]], None]) -> Break:
    def edited(definition: Definition) -> Definition:
        body = copy.deepcopy(definition.parameters["DashboardBody"])
        edit(body)
        return replace(definition, parameters={**definition.parameters, "DashboardBody": body})

    return rewrite(stem, edited)


def forget_that_it_is_managed(body: dict[str, Any]) -> None:
    for widget in body["widgets"]:
        if widget["type"] == "text":
            widget["properties"]["markdown"] = "# A dashboard"


def _alarm_lines(body: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [
        line
        for widget in body["widgets"]
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
        if str(line.get("label")).startswith("alarm ")
    ]
    assert lines
    return lines


def move_a_threshold(body: dict[str, Any]) -> None:
    _alarm_lines(body)[0]["value"] += 1


def misspell_the_alarm_of_a_line(body: dict[str, Any]) -> None:
    _alarm_lines(body)[0]["label"] = "alarm no-such-alarm"


def show_an_alarm_that_is_none(body: dict[str, Any]) -> None:
    widget = next(widget for widget in body["widgets"] if widget["type"] == "alarm")
    widget["properties"]["alarms"][0] += "x"


def overlap_widgets(body: dict[str, Any]) -> None:
    body["widgets"][0]["width"] = 99


RULE_OF_ITSELF = 'ALARM("anb-needs-attention")'
PROMISES = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")

# Rule → what breaks it, and what its problem says.
BREAKS: Mapping[Callable[[Definitions], Any], list[tuple[Break, str]]] = {
    calls_that_aws_refuses: [
        (change("dead-letters", Period=45), "dead-letters.json: put_metric_alarm.Period"),
        (change("dead-letters", DatapointsToAlarm=99), "dead-letters.json: put_metric_alarm.DatapointsToAlarm"),
        (change("workers-down", AlarmRule="ALARM("), "workers-down.json: put_composite_alarm.AlarmRule"),
        (
            change("worker-scale-up", DefinitionKind.SCALING_POLICY, PolicyType="Magic"),
            "scaling_policies/worker-scale-up.json: put_scaling_policy.PolicyType",
        ),
        (
            change("worker-scale-up", DefinitionKind.SCALING_POLICY, StepAdjustments=[]),
            "scaling_policies/worker-scale-up.json: put_scaling_policy.StepAdjustments",
        ),
        (with_body("main", overlap_widgets), "dashboards/main.json: put_dashboard.DashboardBody"),
    ],
    lint.names_are_those_of_their_files: [
        (change("dead-letters", AlarmName="anb-dead-leters"), "AlarmName: anb-dead-leters should be anb-dead-letters"),
        (change("worker-backlog", PolicyName="worker-backlog"), "PolicyName: worker-backlog should be anb-"),
        (change("main", DashboardName="main"), "DashboardName: main should be anb-main"),
    ],
    lint.alarms_and_composites_share_no_name: [
        (
            lambda house: replace(
                house,
                definitions=(
                    *house.definitions,
                    replace(
                        next(d for d in house.definitions if d.stem == "workers-down"),
                        file="alarms/definitions/composite_alarms/dead-letters.json",
                    ),
                ),
            ),
            "composite_alarms/dead-letters.json: put_composite_alarm.AlarmName: a metric alarm has this name too",
        )
    ],
    lint.alarms_say_why: [
        *((with_why("dead-letters", **{name: ""}), f"dead-letters.json: why.{name}: is missing") for name in PROMISES),
        (with_why("workers-down", promise=""), "composite_alarms/workers-down.json: why.promise: is missing"),
    ],
    lint.each_alarm_has_its_section_of_the_runbook: [
        (without("dead-letters"), "docs/RUNBOOK.md: section dead-letters: there is no such alarm"),
        (
            rewrite("dead-letters", lambda d: replace(d, file="alarms/definitions/metric_alarms/dead-leters.json")),
            "dead-leters.json: why: docs/RUNBOOK.md has no section dead-leters",
        ),
        (
            lambda house: replace(house, root=Path("/nonexistent")),
            "workers-down.json: why: docs/RUNBOOK.md has no section",
        ),
    ],
    lint.composites_name_alarms_that_exist: [
        (change("workers-down", AlarmRule='ALARM("anb-nothing")'), "AlarmRule: there is no alarm anb-nothing"),
        (change("work-is-late", ActionsSuppressor="anb-nobody"), "ActionsSuppressor: there is no alarm anb-nobody"),
        (change("needs-attention", AlarmRule=RULE_OF_ITSELF), "composite_alarms: composite alarms watch each other"),
    ],
    lint.only_composites_notify: [
        (
            change("dead-letters", AlarmActions=["arn:aws:sns:us-east-1:123456789012:anb-pages"]),
            "AlarmActions: arn:aws:sns:us-east-1:123456789012:anb-pages is no scaling policy",
        ),
        (
            change("worker-scale-up", DefinitionKind.METRIC_ALARM, AlarmActions=["${policy:nothing}"]),
            "AlarmActions: there is no policy nothing",
        ),
        (
            change("workers-down", AlarmActions=[]),
            "workers-down.json: put_composite_alarm.AlarmActions: it notifies no",
        ),
    ],
    lint.topics_are_well_formed: [
        (change("workers-down", AlarmActions=["arn:aws:sns:us-east-1:1234:anb"]), "'arn:aws:sns:us-east-1:1234:anb'"),
        (change("workers-down", OKActions=["anb-pages"]), "'anb-pages' is no ARN of an SNS topic"),
    ],
    lint.every_alarm_is_heard: [
        (
            change("worker-scale-up", DefinitionKind.METRIC_ALARM, AlarmActions=[]),
            "it is in no composite, and does nothing",
        ),
    ],
    lint.step_policies_have_an_alarm: [
        (without("worker-scale-up"), "scaling_policies/worker-scale-up.json: put_scaling_policy: no alarm acts by it"),
    ],
    lint.no_alarm_gives_a_unit: [
        (change("dead-letters", Unit="Count"), "dead-letters.json: put_metric_alarm.Unit: leave it out"),
    ],
    lint.percentiles_say_what_few_samples_mean: [
        (change("api-latency-p99", EvaluateLowSampleCountPercentile=None), "evaluate or ignore, it must be said"),
    ],
    lint.missing_data_is_said: [
        (change("dead-letters", TreatMissingData=None), "put_metric_alarm.TreatMissingData: is missing"),
    ],
    lint.sparse_metrics_do_not_breach_by_silence: [
        (change("elb-errors", TreatMissingData="breaching"), "HTTPCode_ELB_5XX_Count is silent when all is well"),
    ],
    lint.continuous_metrics_have_a_partner_that_hears_silence: [
        (
            change("worker-heartbeat-missing", TreatMissingData="notBreaching"),
            "no alarm on WorkerHeartbeat records breaches by silence",
        ),
        (
            change("backlog-metric-missing", TreatMissingData="missing"),
            "no alarm on Queue records breaches by silence",
        ),
    ],
    lint.tracked_metrics_have_an_alarm_on_their_absence: [
        (
            change("backlog-metric-missing", TreatMissingData="ignore"),
            "CustomizedMetricSpecification: no alarm fires when BacklogPerWorker is missing",
        ),
    ],
    lint.dashboards_say_that_they_are_managed: [
        (with_body("main", forget_that_it_is_managed), "main.json: put_dashboard.DashboardBody: no text says that it"),
    ],
    lint.drawn_thresholds_are_those_of_the_alarms: [
        (with_body("main", move_a_threshold), "is not the threshold of"),
        (with_body("main", misspell_the_alarm_of_a_line), "there is no alarm no-such-alarm"),
    ],
    lint.alarm_widgets_name_alarms_that_exist: [
        (with_body("main", show_an_alarm_that_is_none), "there is no alarm arn:aws:cloudwatch:"),
    ],
}


@pytest.fixture(scope="module")
def house(definitions: list[Definition]) -> Definitions:
    return Definitions(tuple(definitions), "anb", ROOT)


def test_every_rule_is_broken_here_at_least_once() -> None:
    assert set(BREAKS) == {calls_that_aws_refuses, *RULES}


@pytest.mark.parametrize("rule", BREAKS, ids=lambda rule: rule.__name__)
def test_a_rule_has_its_reason_and_is_silent_for_the_definitions_as_they_are(
    rule: Callable[[Definitions], Any], house: Definitions
) -> None:
    assert rule.__doc__
    assert list(rule(house)) == []


@pytest.mark.parametrize(
    ("rule", "broken", "text"),
    [(rule, broken, text) for rule, breaks in BREAKS.items() for broken, text in breaks],
    ids=[f"{rule.__name__}-{number}" for rule, breaks in BREAKS.items() for number in range(len(breaks))],
)
def test_a_rule_goes_red_and_says_where(
    rule: Callable[[Definitions], Any], broken: Break, text: str, house: Definitions
) -> None:
    problems = list(rule(broken(house)))
    assert any(text in problem for problem in problems), problems
    assert all(problem.count(": ") >= 1 for problem in problems)


def test_the_lint_says_what_its_rules_say(house: Definitions) -> None:
    broken = change("dead-letters", TreatMissingData=None)(house)
    (problem,) = lint_problems(broken.definitions, "anb")
    assert problem.startswith("alarms/definitions/metric_alarms/dead-letters.json: put_metric_alarm.TreatMissingData: ")


def test_what_aws_refuses_is_said_alone_since_the_other_rules_cannot_read_it(house: Definitions) -> None:
    broken = change("workers-down", AlarmRule="ALARM(")(change("dead-letters", TreatMissingData=None)(house))
    problems = lint_problems(broken.definitions, "anb")
    assert problems == list(calls_that_aws_refuses(broken))
    assert problems
