"""Each rule finds nothing in the definitions as they are, and finds each planted violation."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.check import lint
from alarms.check.lint import RULES, Definitions, calls_that_aws_refuses, lint_problems
from alarms.definition_files import ROOT, Definition, DefinitionKind

Violation = Callable[[Definitions], Definitions]


def change(stem: str, kind: DefinitionKind | None = None, **parameters: Any) -> Violation:
    """Other parameters for one definition; None removes a parameter."""

    def change_one(definition: Definition) -> Definition:
        changed = {**definition.parameters, **parameters}
        return replace(definition, parameters={key: value for key, value in changed.items() if value is not None})

    return rewrite(stem, change_one, kind)


def rewrite(stem: str, how: Callable[[Definition], Definition], kind: DefinitionKind | None = None) -> Violation:
    def planted(definitions: Definitions) -> Definitions:
        assert any(meant(d) for d in definitions.all), stem
        return replace(definitions, all=tuple(how(d) if meant(d) else d for d in definitions.all))

    def meant(definition: Definition) -> bool:
        return definition.stem == stem and kind in (None, definition.kind)

    return planted


def without(stem: str, kind: DefinitionKind = DefinitionKind.METRIC_ALARM) -> Violation:
    def planted(definitions: Definitions) -> Definitions:
        return replace(definitions, all=tuple(d for d in definitions.all if (d.stem, d.kind) != (stem, kind)))

    return planted


def with_why(stem: str, **why: Any) -> Violation:
    return rewrite(stem, lambda definition: replace(definition, why={**definition.why, **why}))


def with_body(stem: str, edit: Callable[[dict[str, Any]], None]) -> Violation:
    def edited(definition: Definition) -> Definition:
        body = copy.deepcopy(definition.parameters["DashboardBody"])
        edit(body)
        return replace(definition, parameters={**definition.parameters, "DashboardBody": body})

    return rewrite(stem, edited)


def remove_the_text_about_alarms_sync(body: dict[str, Any]) -> None:
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


def misspell_the_alarm_of_a_widget(body: dict[str, Any]) -> None:
    widget = next(widget for widget in body["widgets"] if widget["type"] == "alarm")
    widget["properties"]["alarms"][0] += "x"


def overlap_widgets(body: dict[str, Any]) -> None:
    body["widgets"][0]["width"] = 99


RULE_OF_ITSELF = 'ALARM("anb-needs-attention")'
PROMISES = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")

# Rule → violations of it, each with a part of the expected problem.
VIOLATIONS: Mapping[Callable[[Definitions], Any], list[tuple[Violation, str]]] = {
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
            lambda definitions: replace(
                definitions,
                all=(
                    *definitions.all,
                    replace(
                        next(d for d in definitions.all if d.stem == "workers-down"),
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
            lambda definitions: replace(definitions, root=Path("/nonexistent")),
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
            "AlarmActions: arn:aws:sns:us-east-1:123456789012:anb-pages is not a scaling policy",
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
        (change("workers-down", OKActions=["anb-pages"]), "'anb-pages' is not the ARN of an SNS topic"),
    ],
    lint.every_alarm_has_an_effect: [
        (
            change("worker-scale-up", DefinitionKind.METRIC_ALARM, AlarmActions=[]),
            "no composite contains it, and it has no action",
        ),
    ],
    lint.step_policies_have_an_alarm: [
        (
            without("worker-scale-up"),
            "scaling_policies/worker-scale-up.json: put_scaling_policy: no alarm has it as an action",
        ),
    ],
    lint.no_alarm_gives_a_unit: [
        (change("dead-letters", Unit="Count"), "dead-letters.json: put_metric_alarm.Unit: leave it out"),
    ],
    lint.percentiles_say_what_few_samples_mean: [
        (change("api-latency-p99", EvaluateLowSampleCountPercentile=None), "is missing; it must be evaluate or ignore"),
    ],
    lint.missing_data_is_said: [
        (change("dead-letters", TreatMissingData=None), "put_metric_alarm.TreatMissingData: is missing"),
    ],
    lint.sparse_metrics_do_not_treat_missing_data_as_breaching: [
        (
            change("elb-errors", TreatMissingData="breaching"),
            "breaching, but HTTPCode_ELB_5XX_Count has no data when all is well",
        ),
    ],
    lint.continuous_metrics_have_an_alarm_on_missing_data: [
        (
            change("worker-heartbeat-missing", TreatMissingData="notBreaching"),
            "no alarm on WorkerHeartbeat records treats missing data as breaching",
        ),
        (
            change("backlog-metric-missing", TreatMissingData="missing"),
            "no alarm on Queue records treats missing data as breaching",
        ),
    ],
    lint.tracked_metrics_have_an_alarm_on_their_absence: [
        (
            change("backlog-metric-missing", TreatMissingData="ignore"),
            "CustomizedMetricSpecification: no alarm fires when BacklogPerWorker is missing",
        ),
    ],
    lint.dashboards_say_that_they_are_managed: [
        (
            with_body("main", remove_the_text_about_alarms_sync),
            "main.json: put_dashboard.DashboardBody: no text widget names",
        ),
    ],
    lint.drawn_thresholds_are_those_of_the_alarms: [
        (with_body("main", move_a_threshold), "is not the threshold of"),
        (with_body("main", misspell_the_alarm_of_a_line), "there is no alarm no-such-alarm"),
    ],
    lint.alarm_widgets_name_alarms_that_exist: [
        (with_body("main", misspell_the_alarm_of_a_widget), "there is no alarm arn:aws:cloudwatch:"),
    ],
}


@pytest.fixture(scope="module")
def checked(definitions: list[Definition]) -> Definitions:
    return Definitions(tuple(definitions), "anb", ROOT)


def test_every_rule_has_a_planted_violation() -> None:
    assert set(VIOLATIONS) == {calls_that_aws_refuses, *RULES}


@pytest.mark.parametrize("rule", VIOLATIONS, ids=lambda rule: rule.__name__)
def test_a_rule_has_a_docstring_and_finds_nothing_in_the_definitions_as_they_are(
    rule: Callable[[Definitions], Any], checked: Definitions
) -> None:
    assert rule.__doc__
    assert list(rule(checked)) == []


@pytest.mark.parametrize(
    ("rule", "plant", "text"),
    [(rule, plant, text) for rule, violations in VIOLATIONS.items() for plant, text in violations],
    ids=[f"{rule.__name__}-{number}" for rule, found in VIOLATIONS.items() for number in range(len(found))],
)
def test_a_rule_finds_a_violation_and_names_its_place(
    rule: Callable[[Definitions], Any], plant: Violation, text: str, checked: Definitions
) -> None:
    problems = list(rule(plant(checked)))
    assert any(text in problem for problem in problems), problems
    assert all(problem.count(": ") >= 1 for problem in problems)


def test_the_lint_reports_the_problems_of_its_rules(checked: Definitions) -> None:
    broken = change("dead-letters", TreatMissingData=None)(checked)
    (problem,) = lint_problems(broken.all, "anb")
    assert problem.startswith("alarms/definitions/metric_alarms/dead-letters.json: put_metric_alarm.TreatMissingData: ")


def test_a_call_that_aws_refuses_is_reported_alone_because_the_other_rules_cannot_read_it(checked: Definitions) -> None:
    broken = change("workers-down", AlarmRule="ALARM(")(change("dead-letters", TreatMissingData=None)(checked))
    problems = lint_problems(broken.all, "anb")
    assert problems == list(calls_that_aws_refuses(broken))
    assert problems
