"""All definitions are read, or none. Each problem names its file and key."""

import json
from pathlib import Path
from typing import Any

import pytest

from alarms.definition_files import (
    PLAYED_KINDS,
    Definition,
    DefinitionError,
    DefinitionKind,
    read_variables,
    require_variables,
)
from alarms.definition_reading import read_all_definitions, read_definitions, read_document

WHY = {"promise": "Uploads are kept.", "threshold": "None may be lost."}
ALARM = {"why": WHY, "put_metric_alarm": {"AlarmName": "${PREFIX}-lost"}}


def write(root: Path, file: str, document: Any) -> Path:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def alarm_with(**parameters: Any) -> dict[str, Any]:
    return {**ALARM, "put_metric_alarm": {**ALARM["put_metric_alarm"], **parameters}}


def problems_of(root: Path, **variables: Any) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_definitions({"PREFIX": "anb", **variables}, root)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_the_definitions_of_this_project_are_read_in_the_order_in_which_they_are_applied(
    definitions: list[Definition],
) -> None:
    order = [list(DefinitionKind).index(definition.kind) for definition in definitions]
    assert order == sorted(order)
    kinds = {definition.kind for definition in definitions}
    assert kinds == {*PLAYED_KINDS, DefinitionKind.SCALING_POLICY, DefinitionKind.DASHBOARD}
    assert len({(definition.kind, definition.stem) for definition in definitions}) == len(definitions)


def test_variables_are_filled_in_at_any_depth(tmp_path: Path) -> None:
    document = alarm_with(Metrics=[{"Label": "over ${LIMIT} of ${PREFIX}"}], **{"Threshold": "${LIMIT}"})
    document["why"] = {**WHY, "threshold": "${LIMIT} is too much."}
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", document)
    (found,) = read_definitions({"PREFIX": "anb", "LIMIT": 7}, tmp_path)
    assert found.name == "anb-lost"
    assert found.parameters["Metrics"] == [{"Label": "over 7 of anb"}]
    assert found.why["threshold"] == "7 is too much."


@pytest.mark.parametrize("value", [7, 0.25, "seven"])
def test_a_variable_that_stands_alone_keeps_its_type(tmp_path: Path, value: float | str) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", alarm_with(Threshold="${LIMIT}"))
    (found,) = read_definitions({"PREFIX": "anb", "LIMIT": value}, tmp_path)
    assert found.parameters["Threshold"] == value
    assert type(found.parameters["Threshold"]) is type(value)


def test_the_arn_of_a_policy_is_not_filled_in_here(tmp_path: Path) -> None:
    write(
        tmp_path, "alarms/definitions/metric_alarms/lost.json", alarm_with(AlarmActions=["${policy:worker-scale-up}"])
    )
    (found,) = read_definitions({"PREFIX": "anb"}, tmp_path)
    assert found.parameters["AlarmActions"] == ["${policy:worker-scale-up}"]


def test_the_description_of_an_alarm_is_made_from_its_why_and_links_to_its_section_of_the_runbook(
    tmp_path: Path,
) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", ALARM)
    (found,) = read_definitions({"PREFIX": "anb", "RUNBOOK_URL": "https://example.com/RUNBOOK.md"}, tmp_path)
    description = found.parameters["AlarmDescription"]
    assert description == (
        "At risk: Uploads are kept. Threshold: None may be lost. Runbook: https://example.com/RUNBOOK.md#lost"
    )


def test_a_dashboard_gets_no_description(tmp_path: Path) -> None:
    write(tmp_path, "dashboards/main.json", {"why": {}, "put_dashboard": {"DashboardName": "main"}})
    (found,) = read_definitions({}, tmp_path)
    assert found.parameters == {"DashboardName": "main"}


def test_a_missing_variable_is_reported_with_file_key_and_name(tmp_path: Path) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", alarm_with(Metrics=[{"Label": "${LIMIT}"}]))
    assert problems_of(tmp_path) == [
        "alarms/definitions/metric_alarms/lost.json: put_metric_alarm.Metrics[0].Label: ${LIMIT} is not set; "
        "add it to the variables of this environment"
    ]


@pytest.mark.parametrize("text", ["{", "", "[1, 2]", '"text"'])
def test_a_file_without_a_json_object_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", text)
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("alarms/definitions/metric_alarms/lost.json: ")


def test_a_binary_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", "").write_bytes(b"\xff\xfe\x00")
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("alarms/definitions/metric_alarms/lost.json: ")


@pytest.mark.parametrize(
    "document",
    [{"put_metric_alarm": {"AlarmName": "x"}}, {"why": {}}, {"why": "text", "put_metric_alarm": {"AlarmName": "x"}}],
    ids=["no why", "no call", "a why without members"],
)
def test_a_file_without_a_member_is_named_with_the_members_that_it_needs(tmp_path: Path, document: Any) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", document)
    assert problems_of(tmp_path) == [
        'alarms/definitions/metric_alarms/lost.json: needs two members, "why" and "put_metric_alarm"'
    ]


def test_a_definition_without_a_name_is_named_by_its_file(tmp_path: Path) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/lost.json", {"why": WHY, "put_metric_alarm": {}})
    assert problems_of(tmp_path) == [
        "alarms/definitions/metric_alarms/lost.json: put_metric_alarm.AlarmName is missing"
    ]


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "alarms/definitions/metric_alarms/a.json", alarm_with(Threshold="${ONE}", Period="${TWO}"))
    write(tmp_path, "alarms/definitions/metric_alarms/b.json", "{")
    write(tmp_path, "alarms/definitions/composite_alarms/c.json", {"why": {}})
    files = [problem.split(":")[0].rpartition("/")[2] for problem in problems_of(tmp_path)]
    assert files == ["a.json", "a.json", "b.json", "c.json"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (DefinitionKind.SCALING_POLICY, "PolicyName"),
        (DefinitionKind.METRIC_ALARM, "AlarmName"),
        (DefinitionKind.LOG_ALARM, "AlarmName"),
        (DefinitionKind.COMPOSITE_ALARM, "AlarmName"),
        (DefinitionKind.MUTE_RULE, "Name"),
        (DefinitionKind.DASHBOARD, "DashboardName"),
    ],
)
def test_the_call_in_a_document_decides_its_kind(kind: DefinitionKind, key: str) -> None:
    document = {"why": {}, kind: {key: "${PREFIX}-x"}, "assumes": {"Jobs": "Count"}}
    (found,) = read_document(document, "anywhere.json", {"PREFIX": "anb"})
    assert found
    assert (found.kind, found.name, found.stem, found.assumes) == (kind, "anb-x", "anywhere", {"Jobs": "Count"})


def test_a_document_without_a_call_has_no_definition() -> None:
    assert read_document({"why": {}}, "anywhere.json", {}) == []


def test_definitions_of_a_former_layout_are_found_and_other_files_are_not(tmp_path: Path) -> None:
    write(tmp_path, "alarms/metric_alarms/lost.json", ALARM)
    write(tmp_path, "alarms/tests/lost.json", {"cases": []})
    write(tmp_path, "dashboards/main.json", {"why": {}, "put_dashboard": {"DashboardName": "main"}})
    found = read_all_definitions({"PREFIX": "anb"}, tmp_path)
    assert [definition.file for definition in found] == ["alarms/metric_alarms/lost.json", "dashboards/main.json"]


def test_a_missing_variable_is_named_before_it_is_needed() -> None:
    with pytest.raises(DefinitionError) as caught:
        require_variables({"PREFIX": "anb"}, "PREFIX", "NAMESPACE", "REGION")
    assert caught.value.problems == [
        f"the variable {name} is not set; give it by --variables" for name in ("NAMESPACE", "REGION")
    ]


def test_a_variable_is_a_text_or_a_number(tmp_path: Path) -> None:
    path = write(tmp_path, "variables.json", {"PREFIX": "anb", "TOPIC": ["a"], "OWNER": None})
    with pytest.raises(DefinitionError) as caught:
        read_variables(path)
    assert caught.value.problems == [f"{path}: {name} is neither a text nor a number" for name in ("TOPIC", "OWNER")]


def test_a_missing_file_of_variables_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"nowhere\.json: .*No such file"):
        read_variables(tmp_path / "nowhere.json")
