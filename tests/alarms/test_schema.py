"""The schemas are those of botocore as it is installed, and the files of this project follow them."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alarms import schema as command
from alarms.definition_files import FOLDERS, ROOT, DefinitionKind
from alarms.schema import FOLDER, schema_text, schemas

SCHEMAS = dict(schemas())


def documents() -> Iterator[Any]:
    """(file, name of its schema)"""
    for kind, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).glob("*.json")):
            yield pytest.param(path, f"{kind}.json", id=str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "alarms/definitions/tests").glob("*.json")):
        yield pytest.param(path, "test.json", id=str(path.relative_to(ROOT)))


def errors(document: Any, schema: str) -> list[str]:
    validator = Draft202012Validator(SCHEMAS[schema])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_on_disk_are_current(name: str) -> None:
    assert (ROOT / FOLDER / name).read_text() == schema_text(SCHEMAS[name]), "run python -m alarms.schema"


def test_there_is_a_schema_for_each_kind_and_no_other_file() -> None:
    names = {path.name for path in (ROOT / FOLDER).iterdir()}
    assert names == set(SCHEMAS) == {*(f"{kind}.json" for kind in DefinitionKind), "test.json"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("path", "schema"), list(documents()))
def test_every_file_names_its_schema_and_follows_it(path: Path, schema: str) -> None:
    document = json.loads(path.read_text())
    assert (path.parent / document["$schema"]).resolve() == ROOT / FOLDER / schema
    assert errors(document, schema) == []


ALARM = json.loads((ROOT / "alarms/definitions/metric_alarms/dead-letters.json").read_text())
CASES = json.loads((ROOT / "alarms/definitions/tests/dead-letters.json").read_text())
MAIN = json.loads((ROOT / "dashboards/main.json").read_text())


def changed(document: Any, *path: str | int, to: Any) -> Any:
    """A copy with another value at that path."""
    result = copy.deepcopy(document)
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return result


@pytest.mark.parametrize(
    ("key", "value"), [("Threshold", "${LIMIT}"), ("Period", "${PERIOD}"), ("Statistic", "${STATISTIC}")]
)
def test_a_variable_may_stand_for_a_number_or_a_choice(key: str, value: str) -> None:
    assert errors(changed(ALARM, "put_metric_alarm", key, to=value), "put_metric_alarm.json") == []


@pytest.mark.parametrize(
    ("document", "schema", "place"),
    [
        (changed(ALARM, "put_metric_alarm", "Treshold", to=1), "put_metric_alarm.json", "$.put_metric_alarm"),
        (changed(ALARM, "put_metric_alarm", "Threshold", to="1"), "put_metric_alarm.json", "Threshold"),
        (changed(ALARM, "put_metric_alarm", "Threshold", to="${a b}"), "put_metric_alarm.json", "Threshold"),
        (changed(ALARM, "put_metric_alarm", "Statistic", to="Mean"), "put_metric_alarm.json", "Statistic"),
        (changed(ALARM, "put_metric_alarm", "Period", to=0), "put_metric_alarm.json", "Period"),
        (changed(ALARM, "put_metric_alarm", "AlarmName", to=""), "put_metric_alarm.json", "AlarmName"),
        (changed(ALARM, "put_metric_alarm", "AlarmDescription", to="x"), "put_metric_alarm.json", "$.put_metric"),
        (changed(ALARM, "put_metric_alarm", to={}), "put_metric_alarm.json", "'AlarmName' is a required property"),
        (changed(ALARM, "why", to={"promise": "x"}), "put_metric_alarm.json", "$.why"),
        (changed(ALARM, "assumes", "DeadLetterDepth", to="Pieces"), "put_metric_alarm.json", "$.assumes"),
        (changed(ALARM, "wy", to={}), "put_metric_alarm.json", "'wy' was unexpected"),
        (changed(MAIN, "put_dashboard", "DashboardBody", to="{}"), "put_dashboard.json", "DashboardBody"),
        (changed(CASES, "cases", 0, "then", to=[]), "test.json", "then"),
        (changed(CASES, "cases", 0, "then", 0, "state", to="ALARMED"), "test.json", "state"),
        (changed(CASES, "cases", 0, "given_states", to={}), "test.json", "$.cases[0]"),
    ],
)
def test_what_is_misspelt_or_of_the_wrong_type_is_marked(document: Any, schema: str, place: str) -> None:
    assert any(place in error for error in errors(document, schema)), errors(document, schema)


def test_the_command_writes_them_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--folder", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(SCHEMAS)
    assert "put_dashboard.json" in capsys.readouterr().out
