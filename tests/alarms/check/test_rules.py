"""Each rule finds no problem in the definitions of this project, and finds each planted violation."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.check import cloudwatch_rules, dashboard_rules, house_rules
from alarms.check.aws_metrics import read_known_metrics
from alarms.check.calls import judge_call
from alarms.check.definition_checks import check_definitions
from alarms.check.scope import Definitions
from alarms.definition_files import Definition, DefinitionKind, Variables
from cloudwatch.notice import Notice

Violation = Callable[[Definitions], Definitions]
Rule = Callable[[Definitions], Iterable[Notice]]


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
        if isinstance(line, dict) and str(line.get("label")).startswith("alarm ")
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


def move_the_alarm_of_a_widget(body: dict[str, Any]) -> None:
    widget = next(widget for widget in body["widgets"] if widget["type"] == "alarm")
    widget["properties"]["alarms"][0] = widget["properties"]["alarms"][0].replace("us-east-1", "eu-west-1")


def replace_in_texts(old: str, new: str, type_: str = "text", dashboard: str = "main") -> Violation:
    """A dashboard with another text in its widgets of a type, at least once."""
    old = old.replace("${LOG_GROUP}", "anb-rising-stars")

    def edit(body: dict[str, Any]) -> None:
        before = copy.deepcopy(body)
        for widget in body["widgets"]:
            for key in ("markdown", "query"):
                if widget["type"] == type_ and key in widget["properties"]:
                    widget["properties"][key] = widget["properties"][key].replace(old, new)
        assert body != before, old

    return with_body(dashboard, edit)


def in_log_queries(old: str, new: str) -> Violation:
    return replace_in_texts(old, new, "log")


def without_links(*sections: str) -> Violation:
    def planted(definitions: Definitions) -> Definitions:
        for section in sections:
            definitions = replace_in_texts(f"#{section})", "#needs-attention)")(definitions)
        return definitions

    return planted


def with_links_at_the_top_only(section: str) -> Violation:
    def edit(body: dict[str, Any]) -> None:
        url = "https://example.com/anb/docs/RUNBOOK.md"
        body["widgets"][0]["properties"]["markdown"] += f" [what to do]({url}#{section})"

    remove, add = without_links(section), with_body("main", edit)
    return lambda definitions: add(remove(definitions))


def hide_alarm(stem: str) -> Violation:
    def edit(body: dict[str, Any]) -> None:
        for widget in body["widgets"]:
            if widget["type"] == "alarm":
                arns = widget["properties"]["alarms"]
                widget["properties"]["alarms"] = [arn for arn in arns if not arn.endswith(f"-{stem}")]

    return with_body("main", edit)


def with_runbook(text: str) -> Violation:
    """A runbook of that text alone."""

    def planted(definitions: Definitions) -> Definitions:
        changed = replace(definitions)
        changed.__dict__["runbook"] = text  # the cached property
        return changed

    return planted


def with_setting(widget_type: str, **settings: str) -> Violation:
    """A dashboard whose first widget of a type has other properties."""

    def edit(body: dict[str, Any]) -> None:
        widgets = [widget for widget in body["widgets"] if widget["type"] == widget_type]
        if not widgets:
            widgets = [{"type": "log", "properties": {"region": "us-east-1", "query": "fields @message"}}]
            body["widgets"] += widgets
        widgets[0]["properties"].update(settings)

    return with_body("main", edit)


def with_expression(expression: str) -> Violation:
    """A dashboard with another widget, which graphs an expression over a metric called ``errors``."""
    errors = ["AWS/SQS", "NumberOfMessagesSent", "QueueName", "q", {"id": "errors"}]
    properties = {"region": "us-east-1", "metrics": [errors, [{"expression": expression, "id": "asked"}]]}
    return with_body("main", lambda body: body["widgets"].append({"type": "metric", "properties": properties}))


def with_alarm_expression(expression: str) -> Violation:
    """The alarm api-errors with another expression over ``errors`` and ``requests``."""

    def changed(definition: Definition) -> Definition:
        metrics = [*definition.parameters["Metrics"][:2], {"Id": "rate", "Expression": expression, "ReturnData": True}]
        return replace(definition, parameters={**definition.parameters, "Metrics": metrics})

    return rewrite("api-errors", changed)


def with_mute_rule(*alarms: str) -> Violation:
    schedule = {"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT2H"}}
    rule = {"Name": "anb-night", "Rule": schedule, "MuteTargets": {"AlarmNames": list(alarms)}}
    kind = DefinitionKind.MUTE_RULE
    night = Definition(kind, "alarms/definitions/mute_rules/night.json", {}, {}, rule, place=kind.value)
    return lambda definitions: replace(definitions, all=(*definitions.all, night))


def with_account(definition: Definition) -> Definition:
    first, *others = definition.parameters["Metrics"]
    metrics = [{**first, "AccountId": "999999999999"}, *others]
    return replace(definition, parameters={**definition.parameters, "Metrics": metrics})


def overlap_widgets(body: dict[str, Any]) -> None:
    body["widgets"][0]["width"] = 99


TOPIC = "arn:aws:sns:us-east-1:123456789012:anb-pages"
RULE_OF_ITSELF = 'ALARM("anb-needs-attention")'
PROMISES = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")


def calls_are_valid(definitions: Definitions) -> Iterable[Notice]:
    """The rules of the API itself, as a rule of the checks."""
    return [notice for each in definitions.all for notice in judge_call(each, definitions).notices]


# Rule → violations of it, each with a part of the expected problem.
VIOLATIONS: Mapping[Rule, list[tuple[Violation, str]]] = {
    calls_are_valid: [
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
        (
            rewrite("dead-letters", lambda d: replace(d, kind=DefinitionKind.LOG_ALARM, place="put_log_alarm")),
            "put_log_alarm.ScheduledQueryConfiguration: is missing",
        ),
        (
            rewrite("main", lambda d: replace(d, kind=DefinitionKind.MUTE_RULE, place="put_alarm_mute_rule")),
            "put_alarm_mute_rule.Rule: is missing",
        ),
        (change("main", DashboardName="anb.main"), "put_dashboard.DashboardName: 'anb.main' is refused"),
    ],
    house_rules.names_are_those_of_their_files: [
        (change("dead-letters", AlarmName="anb-dead-leters"), "AlarmName: anb-dead-leters should be anb-dead-letters"),
        (change("worker-backlog", PolicyName="worker-backlog"), "PolicyName: worker-backlog should be anb-"),
        (change("main", DashboardName="main"), "DashboardName: main should be anb-main"),
    ],
    cloudwatch_rules.alarms_share_no_name: [
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
            "composite_alarms/dead-letters.json: put_composite_alarm.AlarmName: the composite alarm at ",
        )
    ],
    house_rules.alarms_say_why: [
        *((with_why("dead-letters", **{name: ""}), f"dead-letters.json: why.{name}: is missing") for name in PROMISES),
        (with_why("workers-down", promise=""), "composite_alarms/workers-down.json: why.promise: is missing"),
    ],
    house_rules.each_alarm_has_its_section_of_the_runbook: [
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
    cloudwatch_rules.composites_name_alarms_that_exist: [
        (change("workers-down", AlarmRule='ALARM("anb-nothing")'), "AlarmRule: there is no alarm anb-nothing"),
        (
            change("uploads-published-page", ActionsSuppressor="anb-nobody"),
            "ActionsSuppressor: there is no alarm anb-nobody",
        ),
    ],
    cloudwatch_rules.composites_do_not_watch_each_other: [
        (change("needs-attention", AlarmRule=RULE_OF_ITSELF), "AlarmRule: composite alarms watch each other"),
    ],
    cloudwatch_rules.actions_are_of_this_region: [
        (change("workers-down", AlarmActions=[f"{TOPIC.replace('us-east-1', 'eu-west-1')}"]), "AWS refuses it"),
        (change("workers-down", OKActions=["arn:aws:lambda:eu-west-1:123456789012:function:f"]), "AWS refuses it"),
    ],
    cloudwatch_rules.mute_rules_name_alarms_that_exist: [
        (with_mute_rule("anb-dead-letters", "anb-nobody"), "AlarmNames[1]: there is no alarm anb-nobody"),
    ],
    cloudwatch_rules.metrics_are_of_this_account: [
        (rewrite("api-errors", with_account), "Metrics[0].AccountId: 999999999999 is not 123456789012"),
    ],
    cloudwatch_rules.expressions_of_dashboards_are_valid: [
        (with_expression("100 * erors"), "/0/expression: character 7: unknown id 'erors'"),
        (with_expression("100 * errors)"), "character 13: unexpected ')'"),
        (with_expression("foo(errors)"), "character 1: function 'foo' not found"),
        (with_expression('SEARCH("x")'), "character 1: SEARCH takes 2 or 3 arguments"),
        (with_expression("SEARCH('{AWS/SQS,QueueName Errors', 'Sum')"), "unexpected 'Errors' where ',' or '}'"),
        (with_expression("SEARCH('{AWS/SQS,QueueName} Errors', 'Summ')"), "character 38: 'Summ' is not a statistic"),
        (with_expression('SELECT SUM(Errors) FROMM "AWS/SQS"'), "character 20: unexpected 'FROMM'"),
    ],
    cloudwatch_rules.alarms_avoid_pitfalls: [
        (with_alarm_expression("AVG(requests) * errors"), "Expression: character 1: AVG of a time series"),
        (with_alarm_expression("RUNNING_SUM(errors) * requests"), "RUNNING_SUM of a time series"),
        (with_alarm_expression("FILL(errors, REPEAT)"), "no expression uses it"),
        (with_alarm_expression("errors % requests"), "character 8: AWS does not document the operator %"),
        (with_alarm_expression("!errors + requests"), "character 1: AWS does not document the operator !"),
        (
            with_alarm_expression("IF(DATAPOINT_COUNT(errors) + DATAPOINT_COUNT(requests) == 2, errors)"),
            "character 4: DATAPOINT_COUNT counts the points of a whole evaluation",
        ),
    ],
    cloudwatch_rules.widgets_show_this_region_and_account: [
        (with_setting("metric", region="eu-west-1"), "/properties/region: eu-west-1 is not us-east-1"),
        (with_setting("metric", accountId="999999999999"), "/properties/accountId: 999999999999 is not"),
        (with_setting("log", region="eu-west-1"), "/properties/region: eu-west-1 is not us-east-1"),
    ],
    house_rules.only_composites_notify: [
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
    cloudwatch_rules.actions_are_well_formed: [
        (change("workers-down", AlarmActions=["arn:aws:sns:us-east-1:1234:anb"]), "'arn:aws:sns:us-east-1:1234:anb'"),
        (change("workers-down", OKActions=["anb-pages"]), "'anb-pages' is not an ARN"),
    ],
    house_rules.every_alarm_has_an_effect: [
        (
            change("worker-scale-up", DefinitionKind.METRIC_ALARM, AlarmActions=[]),
            "no composite contains it, and it has no action",
        ),
    ],
    house_rules.step_policies_have_an_alarm: [
        (
            without("worker-scale-up"),
            "scaling_policies/worker-scale-up.json: put_scaling_policy: no alarm has it as an action",
        ),
    ],
    house_rules.no_alarm_gives_a_unit: [
        (change("dead-letters", Unit="Count"), "dead-letters.json: put_metric_alarm.Unit: leave it out"),
    ],
    house_rules.percentiles_say_what_few_samples_mean: [
        (change("api-latency-p99", EvaluateLowSampleCountPercentile=None), "is missing; it must be evaluate or ignore"),
    ],
    house_rules.missing_data_is_said: [
        (change("dead-letters", TreatMissingData=None), "put_metric_alarm.TreatMissingData: is missing"),
    ],
    house_rules.sparse_metrics_do_not_treat_missing_data_as_breaching: [
        (
            change("elb-errors", TreatMissingData="breaching"),
            "breaching, but HTTPCode_ELB_5XX_Count has no data when all is well",
        ),
    ],
    house_rules.continuous_metrics_have_an_alarm_on_missing_data: [
        (
            change("worker-heartbeat-missing", TreatMissingData="notBreaching"),
            "no alarm on WorkerHeartbeat records treats missing data as breaching",
        ),
        (
            change("backlog-metric-missing", TreatMissingData="missing"),
            "no alarm on Queue records treats missing data as breaching",
        ),
    ],
    house_rules.tracked_metrics_have_an_alarm_on_their_absence: [
        (
            change("backlog-metric-missing", TreatMissingData="ignore"),
            "CustomizedMetricSpecification: no alarm fires when BacklogPerWorker is missing",
        ),
    ],
    dashboard_rules.dashboards_say_that_they_are_managed: [
        (
            with_body("main", remove_the_text_about_alarms_sync),
            "main.json: put_dashboard.DashboardBody: no text widget names",
        ),
    ],
    dashboard_rules.drawn_thresholds_are_those_of_the_alarms: [
        (with_body("main", move_a_threshold), "is not the threshold of"),
        (with_body("main", misspell_the_alarm_of_a_line), "there is no alarm no-such-alarm"),
    ],
    dashboard_rules.graphs_link_the_sections_of_their_alarms: [
        (without_links("oldest-message-age"), "no text links the section oldest-message-age"),
        (without_links("api-availability", "api-errors"), "no text links the section api-availability"),
        (with_links_at_the_top_only("dead-letters"), "the text above does not link dead-letters"),
    ],
    dashboard_rules.links_of_dashboards_have_a_section: [
        (replace_in_texts("#dead-letters)", "#dead-leters)"), "docs/RUNBOOK.md has no section dead-leters"),
    ],
    dashboard_rules.main_shows_each_alarm: [
        (hide_alarm("api-errors"), "metric_alarms/api-errors.json: put_metric_alarm.AlarmName: no alarm widget"),
        (hide_alarm("workers-down"), "composite_alarms/workers-down.json: put_composite_alarm.AlarmName: no alarm"),
    ],
    dashboard_rules.queries_read_fields_of_records: [
        (in_log_queries("coalesce(error", "coalesce(eror"), "no Job record has a field 'eror'; did you mean error?"),
        (in_log_queries("Record = 'Job'", "Record = 'Jobs'"), "there is no record 'Jobs'; did you mean Job?"),
        (in_log_queries("by Route", "by task_id"), "no ApiRequest record has a field 'task_id'"),
        (
            with_runbook("```\nfields vido_id\n| filter Record = 'Job'\n```\n"),
            "docs/RUNBOOK.md: line 2: character 8: no",
        ),
    ],
    dashboard_rules.runbook_names_widgets_that_exist: [
        (with_runbook("**Look at** `main`: *Database*; `api`: *Database*."), "api.json has no widget 'Database'"),
        (
            with_runbook("\n**Look at** `main`, `api`: *Databse*"),
            "line 2: dashboards/main.json has no widget 'Databse'; did",
        ),
        (with_runbook("**Look at** the widget *Database*."), "no dashboard is named before 'Database'"),
    ],
    cloudwatch_rules.queries_of_log_widgets_are_valid: [
        (in_log_queries("| sort", "| srot"), "there is no command 'srot'; did you mean sort?"),
        (in_log_queries("SOURCE '${LOG_GROUP}' | ", ""), "/properties/query: no SOURCE names a log group"),
        (in_log_queries("sort errors_percent desc", "sort eror desc"), "'eror' is no result of stats"),
    ],
    cloudwatch_rules.alarm_widgets_name_alarms_that_exist: [
        (with_body("main", misspell_the_alarm_of_a_widget), "there is no alarm anb-"),
        (with_body("main", move_the_alarm_of_a_widget), "is in another region or account: eu-west-1 is not us-east-1"),
    ],
}


@pytest.fixture(scope="module")
def checked(definitions: list[Definition], variables: Variables) -> Definitions:
    return Definitions(tuple(definitions), variables, read_known_metrics())


def test_every_rule_has_a_planted_violation() -> None:
    assert set(VIOLATIONS) == {
        calls_are_valid,
        *cloudwatch_rules.RULES,
        *house_rules.RULES,
        *dashboard_rules.RULES,
    }


@pytest.mark.parametrize("rule", VIOLATIONS, ids=lambda rule: rule.__name__)
def test_a_rule_has_a_docstring_and_finds_no_error_in_the_definitions_as_they_are(
    rule: Rule, checked: Definitions
) -> None:
    assert rule.__doc__
    assert [notice for notice in rule(checked) if notice.is_error] == []


@pytest.mark.parametrize(
    ("rule", "plant", "text"),
    [(rule, plant, text) for rule, violations in VIOLATIONS.items() for plant, text in violations],
    ids=[f"{rule.__name__}-{number}" for rule, found in VIOLATIONS.items() for number in range(len(found))],
)
def test_a_rule_finds_a_violation_and_names_its_place(
    rule: Rule, plant: Violation, text: str, checked: Definitions
) -> None:
    notices = list(rule(plant(checked)))
    assert any(text in str(notice) for notice in notices), notices
    assert all(notice.file and notice.place for notice in notices)


def test_all_rules_are_applied(checked: Definitions) -> None:
    broken = change("dead-letters", TreatMissingData=None)(checked)
    (notice,) = errors(broken)
    assert (
        str(notice)
        == "alarms/definitions/metric_alarms/dead-letters.json: put_metric_alarm.TreatMissingData: is missing"
    )


def test_a_call_that_aws_refuses_stops_the_rules_that_need_all_definitions(checked: Definitions) -> None:
    broken = change("workers-down", AlarmRule="ALARM(")(change("dead-letters", TreatMissingData=None)(checked))
    (notice,) = errors(broken)
    assert notice.place == "put_composite_alarm.AlarmRule"


def errors(definitions: Definitions) -> list[Notice]:
    return [notice for notice in check_definitions(definitions.all, definitions.variables) if notice.is_error]
