"""A key that stands twice in an object is an error in every file of definitions. Python takes the last in silence."""

import json
from pathlib import Path

import pytest

from alarms.definition_files import DefinitionError, read_json_object
from alarms.forms.documents import read_any_document
from alarms.strict_json import parse_json


def test_a_key_that_stands_twice_is_named_with_its_values() -> None:
    with pytest.raises(ValueError, match=r"the key 'Threshold' stands twice in one object; its values are 5 and 50"):
        parse_json('{"why": {}, "alarm": {"Threshold": 5, "Period": 60, "Threshold": 50}}')


def test_the_same_key_in_different_objects_is_no_fault() -> None:
    text = '{"a": {"Id": "m1"}, "b": [{"Id": "m1"}, {"Id": "m2"}]}'
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("alarm.json", '{"AlarmName": "a", "AlarmName": "b"}', "the key 'AlarmName' stands twice in one object"),
        (
            "alarm.yaml",
            "AlarmName: a\nPeriod: 60\nAlarmName: b\n",
            "line 3, column 1: the key 'AlarmName' stands twice",
        ),
        ("alarm.yaml", '{"AlarmName": "a", "AlarmName": "b"}', "the key 'AlarmName' stands twice"),
    ],
)
def test_files_of_other_forms_are_read_as_strictly(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DefinitionError, match=problem) as caught:
        read_any_document(path)
    assert str(path) in str(caught.value)


def test_files_of_this_project_and_their_cases_are_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "alarm.json"
    path.write_text('{"cases": [], "cases": []}')
    with pytest.raises(DefinitionError, match="the key 'cases' stands twice"):
        read_json_object(path)


def test_a_merged_member_of_yaml_may_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "alarms.yaml"
    path.write_text("base: &base {Period: 60}\nalarm: {<<: *base, Period: 300}\n")
    assert read_any_document(path)["alarm"] == {"Period": 300}
