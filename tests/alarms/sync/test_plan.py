"""A plan holds the necessary changes and nothing else, in an order that the account accepts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from alarms.definition_files import Definition, DefinitionKind
from alarms.sync.ownership import OWNER_KEY, is_managed, is_untouchable, owner_of
from alarms.sync.plan import (
    ChangeKind,
    FieldChange,
    LiveObject,
    Plan,
    differences,
    make_plan,
    normal_form,
    with_policy_arns,
)
from alarms.sync.plan_text import change_lines, plan_document, summary_line

OWNER = owner_of("anb")
TAGS = {OWNER_KEY: OWNER, "project": "anb"}
METRIC = {"Namespace": "N", "MetricName": "M", "EvaluationPeriods": 3, "Threshold": 1}


def define(kind: DefinitionKind, name: str, **parameters: Any) -> Definition:
    keys = {
        DefinitionKind.SCALING_POLICY: "PolicyName",
        DefinitionKind.DASHBOARD: "DashboardName",
        DefinitionKind.MUTE_RULE: "Name",
    }
    key = keys.get(kind, "AlarmName")
    return Definition(kind, f"{name}.json", {}, {}, {key: name, **parameters})


def alarm(name: str, **parameters: Any) -> Definition:
    return define(DefinitionKind.METRIC_ALARM, name, **{**METRIC, **parameters})


def composite(name: str, *children: str, **parameters: Any) -> Definition:
    escaped = (child.replace("\\", "\\\\") for child in children)
    rule = " OR ".join(f'ALARM("{child}")' for child in escaped)
    return define(DefinitionKind.COMPOSITE_ALARM, name, AlarmRule=rule, **parameters)


def live(definition: Definition, tags: Mapping[str, str] = TAGS, **parameters: Any) -> LiveObject:
    """The object in the account after the definition was applied, with other ``parameters``."""
    name = definition.name
    return LiveObject(definition.kind, name, f"arn:{name}", {**definition.parameters, **parameters}, tags)


def plan(definitions: list[Definition], found: list[LiveObject], *, prune: bool = False) -> Plan:
    return make_plan(definitions, found, tags=TAGS, prune=prune)


def actions(made: Plan) -> list[tuple[str, str]]:
    return [(change.action, change.name) for change in made.changes]


EQUIVALENT = [
    (
        DefinitionKind.METRIC_ALARM,
        {"Dimensions": [{"Name": "A"}, {"Name": "B"}]},
        {"Dimensions": [{"Name": "B"}, {"Name": "A"}]},
    ),
    (
        DefinitionKind.METRIC_ALARM,
        {"Metrics": [{"Id": "a", "Expression": "b"}, {"Id": "b", "ReturnData": False}]},
        {"Metrics": [{"Id": "b", "ReturnData": False}, {"Id": "a", "Expression": "b", "ReturnData": True}]},
    ),
    (
        DefinitionKind.METRIC_ALARM,
        {"Metrics": [{"Id": "a", "MetricStat": {"Metric": {"Dimensions": [{"Name": "A"}, {"Name": "B"}]}}}]},
        {"Metrics": [{"Id": "a", "MetricStat": {"Metric": {"Dimensions": [{"Name": "B"}, {"Name": "A"}]}}}]},
    ),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "DatapointsToAlarm": 3}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "ActionsEnabled": True, "TreatMissingData": "missing"}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "OKActions": [], "Unit": None, "Dimensions": []}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "Tags": [{"Key": "a", "Value": "b"}]}),
    (DefinitionKind.METRIC_ALARM, {"Threshold": 1}, {"Threshold": 1.0}),
    (
        DefinitionKind.METRIC_ALARM,
        {"ExtendedStatistic": "p99"},
        {"ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "evaluate"},
    ),
    (DefinitionKind.COMPOSITE_ALARM, {"AlarmRule": "ALARM(a)  OR\n ALARM(b)"}, {"AlarmRule": "ALARM(a) OR ALARM(b)"}),
    (DefinitionKind.COMPOSITE_ALARM, {"AlarmRule": "TRUE"}, {"AlarmRule": "TRUE", "ActionsEnabled": True}),
    (DefinitionKind.SCALING_POLICY, {"PolicyType": "StepScaling"}, {"PolicyType": "StepScaling", "Enabled": True}),
    (
        DefinitionKind.MUTE_RULE,
        {
            "StartDate": "2026-12-24T18:00:00Z",
            "Rule": {"Schedule": {"Duration": "PT1H"}},
            "MuteTargets": {"AlarmNames": ["b", "a"]},
        },
        {
            "StartDate": datetime(2026, 12, 24, 18, tzinfo=UTC),
            "Rule": {"Schedule": {"Duration": "PT1H", "Timezone": "UTC"}},
            "MuteTargets": {"AlarmNames": ["a", "b"]},
        },
    ),
    (
        DefinitionKind.LOG_ALARM,
        {"ScheduledQueryConfiguration": {"QueryString": "x", "ScheduleConfiguration": {"StartTimeOffset": 9}}},
        {
            "ActionsEnabled": True,
            "ScheduledQueryConfiguration": {
                "QueryString": "x",
                "QueryARN": "arn",
                "ScheduleConfiguration": {"StartTimeOffset": 9, "EndTimeOffset": 0},
            },
        },
    ),
    (DefinitionKind.DASHBOARD, {"DashboardBody": {"widgets": [1]}}, {"DashboardBody": json.dumps({"widgets": [1]})}),
]

DIFFERENT = [
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "DatapointsToAlarm": 2}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "ActionsEnabled": False}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "TreatMissingData": "breaching"}),
    (DefinitionKind.METRIC_ALARM, METRIC, {**METRIC, "Threshold": 0}),
    (
        DefinitionKind.METRIC_ALARM,
        {"Dimensions": [{"Name": "A", "Value": "x"}]},
        {"Dimensions": [{"Name": "A", "Value": "y"}]},
    ),
    (DefinitionKind.METRIC_ALARM, {"AlarmActions": ["a"]}, {"AlarmActions": ["b"]}),
    (
        DefinitionKind.METRIC_ALARM,
        {"ExtendedStatistic": "p99"},
        {"ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "ignore"},
    ),
    (DefinitionKind.COMPOSITE_ALARM, {"AlarmRule": "ALARM(a)"}, {"AlarmRule": "ALARM(b)"}),
    (DefinitionKind.MUTE_RULE, {"ExpireDate": "2026-12-24T18:00:00Z"}, {"ExpireDate": "2026-12-24T18:00:01Z"}),
    (DefinitionKind.MUTE_RULE, {"MuteTargets": {"AlarmNames": ["a"]}}, {"MuteTargets": {"AlarmNames": ["b"]}}),
    (DefinitionKind.DASHBOARD, {"DashboardBody": {"widgets": [1, 2]}}, {"DashboardBody": {"widgets": [2, 1]}}),
]


@pytest.mark.parametrize(("kind", "one", "two"), EQUIVALENT)
def test_two_calls_with_the_same_effect_have_the_same_normal_form(kind: DefinitionKind, one: Any, two: Any) -> None:
    assert normal_form(kind, one) == normal_form(kind, two)


@pytest.mark.parametrize(("kind", "one", "two"), DIFFERENT)
def test_two_calls_with_different_effects_have_different_normal_forms(kind: DefinitionKind, one: Any, two: Any) -> None:
    assert normal_form(kind, one) != normal_form(kind, two)


def test_the_normal_form_does_not_change_its_parameters() -> None:
    parameters = {"Dimensions": [{"Name": "B"}, {"Name": "A"}], "Tags": []}
    normal_form(DefinitionKind.METRIC_ALARM, parameters)
    assert parameters == {"Dimensions": [{"Name": "B"}, {"Name": "A"}], "Tags": []}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({}, {"a": {"b": 2}}, [("a", None, {"b": 2})]),
        ({"a": {"b": 1, "c": 3}}, {"a": {"b": 2}}, [("a.b", 1, 2), ("a.c", 3, None)]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [("a[1]", None, "y")]),
        (
            {"a": [{"Id": "m", "v": 1}, {"Id": "n"}]},
            {"a": [{"Id": "n"}, {"Id": "m", "v": 2}]},
            [("a[m].v", 1, 2)],
        ),
        ({"a": [{"Name": "S", "Value": 1}]}, {"a": [{"Name": "S", "Value": 2}]}, [("a[S].Value", 1, 2)]),
        ({"a": [{"Id": "m"}]}, {"a": []}, [("a[m]", {"Id": "m"}, None)]),
    ],
)
def test_differences_are_found_field_by_field(old: Any, new: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert list(differences(old, new)) == [FieldChange(*each) for each in expected]


def test_an_account_that_matches_the_definitions_needs_no_change(definitions: list[Definition]) -> None:
    made = plan(definitions, [live(definition) for definition in definitions], prune=True)
    assert made == Plan(())
    assert summary_line(made) == "Nothing to do."


def test_an_empty_account_gets_everything_with_children_before_composites(definitions: list[Definition]) -> None:
    made = plan(definitions, [])
    assert {change.action for change in made.changes} == {ChangeKind.CREATE}
    assert all(change.tags == TAGS for change in made.changes)
    position = {change.name: index for index, change in enumerate(made.changes)}
    for definition in definitions:
        for other in definitions:
            if f'"{other.name}"' in definition.parameters.get("AlarmRule", ""):
                assert position[other.name] < position[definition.name]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1)])
def test_composites_follow_the_alarms_that_their_rules_and_suppressors_name(order: tuple[int, ...]) -> None:
    four = [composite("a", "b"), composite("b", "m", ActionsSuppressor="c"), composite("c", "m"), alarm("m")]
    made = plan([four[index] for index in order], [])
    assert [change.name for change in made.changes] == ["m", "c", "b", "a"]


ALARM_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
RULES_OVER_Z = [
    pytest.param('ALARM("z")', id="a name in quotes"),
    pytest.param("ALARM(z)", id="a name without quotes"),
    pytest.param("NOT  OK ( z )", id="blanks around a name without quotes"),
    pytest.param(f'ALARM("{ALARM_ARN}z")', id="an ARN in quotes"),
    pytest.param(f"INSUFFICIENT_DATA({ALARM_ARN}z)", id="an ARN without quotes"),
    pytest.param('NOT (ALARM("m") OR (OK(z) AND TRUE))', id="within parentheses"),
    pytest.param('AT_LEAST(2, ALARM, ("m", z))', id="syntax that the parser does not read"),
]


@pytest.mark.parametrize("rule", RULES_OVER_Z)
def test_a_child_is_created_before_its_parent_and_deleted_after_it(rule: str) -> None:
    parent = define(DefinitionKind.COMPOSITE_ALARM, "a", AlarmRule=rule)
    child = composite("z", "m")
    assert [change.name for change in plan([parent, child], []).changes] == ["z", "a"]
    assert actions(plan([], [live(child), live(parent)], prune=True)) == [("delete", "a"), ("delete", "z")]


def test_names_with_blanks_colons_and_parentheses_are_children_like_any_other() -> None:
    names = ["cpu high (root)", "ALARM(z)", "arn:my clock", "my:alarm:clock", "back\\slash 'quote'"]
    parent = composite("a", *names)
    children = [composite(name, "m") for name in names]
    assert [change.name for change in plan([parent, *children], []).changes] == [*names, "a"]
    deleted = actions(plan([], [*map(live, children), live(parent)], prune=True))
    assert deleted[0] == ("delete", "a")
    assert sorted(deleted[1:]) == sorted(("delete", name) for name in names)


def test_a_quoted_name_is_a_child_only_as_a_whole() -> None:
    """The rule names the alarm ``ALARM(z)``, and no alarm ``z``: the order of the definitions stays."""
    parent, other = composite("a", "ALARM(z)"), composite("z", "m")
    assert [change.name for change in plan([parent, other], []).changes] == ["a", "z"]


def test_a_suppressor_may_be_named_by_its_arn() -> None:
    parent = composite("a", "m", ActionsSuppressor=f"{ALARM_ARN}z")
    assert [change.name for change in plan([parent, composite("z", "m")], []).changes] == ["z", "a"]


def test_a_plan_with_composites_that_watch_each_other_ends() -> None:
    made = plan([composite("a", "b"), composite("b", "a")], [])
    assert sorted(change.name for change in made.changes) == ["a", "b"]


def test_an_object_that_differs_is_updated_with_all_parameters() -> None:
    wanted = alarm("a", Threshold=5)
    (change,) = plan([wanted], [live(wanted, Threshold=4)]).changes
    assert (change.action, change.arn, change.parameters) == (ChangeKind.UPDATE, "arn:a", wanted.parameters)
    assert change.fields == (FieldChange("Threshold", 4, 5),)
    assert list(change_lines(change)) == [("~ metric alarm a", "yellow"), ("    Threshold: 4 → 5", "")]


def test_a_missing_tag_is_set_without_putting_the_object_again() -> None:
    wanted = alarm("a")
    (change,) = plan([wanted], [live(wanted, {OWNER_KEY: OWNER})]).changes
    assert (change.action, change.parameters, change.tags) == (ChangeKind.UPDATE, None, {"project": "anb"})
    assert change.fields == (FieldChange("Tags.project", None, "anb"),)


def test_a_policy_needs_no_tags() -> None:
    wanted = define(DefinitionKind.SCALING_POLICY, "up", PolicyType="StepScaling")
    assert plan([wanted], [live(wanted, {})]) == Plan(())


def test_an_untagged_twin_of_a_definition_is_adopted() -> None:
    wanted = alarm("a")
    made = plan([wanted], [live(wanted, {})])
    assert actions(made) == [("update", "a")]
    assert made.changes[0].tags == TAGS
    assert made.changes[0].parameters is None
    assert made.conflicts == ()


@pytest.mark.parametrize(
    ("tags", "parameters"),
    [({}, {"Threshold": 9}), ({OWNER_KEY: "somebody"}, {}), ({OWNER_KEY: owner_of("anb-test")}, {"Threshold": 9})],
    ids=["untagged and different", "a twin with another owner", "another environment of this project"],
)
def test_an_object_that_is_not_managed_from_here_is_a_conflict_and_not_changed(
    tags: dict[str, str], parameters: dict[str, Any]
) -> None:
    wanted = alarm("a")
    made = plan([wanted], [live(wanted, tags, **parameters)], prune=True)
    assert made.changes == ()
    assert made.conflicts == (
        f"metric alarm a exists and is not managed from here: its tag managed-by is not '{OWNER}'",
    )


def test_a_managed_object_without_a_definition_is_deleted_only_on_request() -> None:
    gone = [live(alarm("old")), live(alarm("foreign"), {}), live(alarm("other"), {OWNER_KEY: "x"})]
    kept = plan([], gone)
    assert (kept.changes, kept.prunable) == ((), ("old",))
    pruned = plan([], gone, prune=True)
    assert (actions(pruned), pruned.prunable) == ([("delete", "old")], ())


def test_the_alarms_of_target_tracking_are_never_changed_even_with_the_tag() -> None:
    tracking = live(alarm("TargetTracking-anb-worker-asg-AlarmHigh-1"))
    assert plan([], [tracking], prune=True) == Plan(())
    assert is_untouchable(tracking.name)
    assert not is_untouchable("anb-TargetTracking-")


def test_composites_are_deleted_before_the_alarms_that_they_name() -> None:
    gone = [live(each) for each in (alarm("m"), composite("b", "m"), composite("a", "b"), composite("z", "x"))]
    made = plan([], [*gone, live(define(DefinitionKind.DASHBOARD, "d", DashboardBody="{}"))], prune=True)
    names = [name for _, name in actions(made)]
    assert names.index("a") < names.index("b") < names.index("m")
    assert sorted(names) == ["a", "b", "d", "m", "z"]


def test_a_composite_is_deleted_before_its_suppressor() -> None:
    gone = [composite("m", "x"), composite("a", "x", ActionsSuppressor="m"), composite("z", "x", ActionsSuppressor="a")]
    made = plan([], [live(each) for each in gone], prune=True)
    assert actions(made) == [("delete", "z"), ("delete", "a"), ("delete", "m")]


def test_composites_that_suppress_each_other_lose_rule_and_suppressor_before_they_are_deleted() -> None:
    gone = [composite("a", "x", ActionsSuppressor="b"), composite("b", "x", ActionsSuppressor="a")]
    made = plan([], [live(each) for each in gone], prune=True)
    assert actions(made)[0] == ("update", "a")
    assert made.changes[0].parameters == {"AlarmName": "a", "AlarmRule": "FALSE"}
    assert actions(made)[1:] == [("delete", "b"), ("delete", "a")]


def test_a_mute_rule_is_made_after_the_alarms_that_it_mutes_and_deleted_after_them() -> None:
    rule = define(DefinitionKind.MUTE_RULE, "night", MuteTargets={"AlarmNames": ["m", "a"]})
    all_of_them = [rule, composite("a", "m"), alarm("m")]
    assert [change.name for change in plan(all_of_them, []).changes] == ["m", "a", "night"]
    pruned = plan([], [live(each) for each in all_of_them], prune=True)
    assert [name for _, name in actions(pruned)] == ["a", "m", "night"]


def test_the_tag_alone_decides_the_owner() -> None:
    assert is_managed(TAGS, OWNER)
    assert not is_managed({}, OWNER)
    assert not is_managed({OWNER_KEY: "anb-showcase"}, OWNER)
    assert owner_of("anb") != owner_of("anb-test")


def test_the_arns_of_existing_policies_are_filled_in() -> None:
    parameters = {"AlarmActions": ["${policy:up}", "${policy:down}", "arn:x"], "Threshold": 3}
    filled = with_policy_arns(parameters, {"up": "arn:up"})
    assert filled == {"AlarmActions": ["arn:up", "${policy:down}", "arn:x"], "Threshold": 3}


def test_a_plan_has_a_json_document() -> None:
    wanted = alarm("a", Threshold=5)
    made = plan([wanted, alarm("b")], [live(wanted, Threshold=4), live(alarm("old"))])
    document = json.loads(json.dumps(plan_document(made)))
    assert [(each["action"], each["kind"], each["name"]) for each in document["changes"]] == [
        ("update", "metric alarm", "a"),
        ("create", "metric alarm", "b"),
    ]
    assert document["changes"][0]["fields"] == [{"path": "Threshold", "old": 4, "new": 5}]
    assert document["prunable"] == ["old"]
    assert summary_line(made) == "1 to create, 1 to update, 0 to delete."
