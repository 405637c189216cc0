"""``python -m alarms.schema``: JSON Schemas for editors, of botocore's own model of each API call."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from alarms.definition_files import ROOT, DefinitionKind
from cli.screen import Screen
from cloudwatch.alarm.state import AlarmState

DESCRIPTION = """\
Write alarms/definitions/schemas/*.json, which the definitions name as their $schema: an editor then completes the
parameters of each call and marks what is misspelt. Run it when botocore is upgraded; a test says when.
"""

FOLDER = "alarms/definitions/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_SERVICES = {
    DefinitionKind.SCALING_POLICY: ("autoscaling", "PutScalingPolicy", "autoscaling/ec2"),
    DefinitionKind.METRIC_ALARM: ("cloudwatch", "PutMetricAlarm", "AmazonCloudWatch/latest"),
    DefinitionKind.COMPOSITE_ALARM: ("cloudwatch", "PutCompositeAlarm", "AmazonCloudWatch/latest"),
    DefinitionKind.DASHBOARD: ("cloudwatch", "PutDashboard", "AmazonCloudWatch/latest"),
}
_NOT_WRITTEN = {"AlarmDescription", "Tags"}  # made of why, and set by alarms.sync
_WHY_OF_ALARMS = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")
_WHY = {
    DefinitionKind.SCALING_POLICY: ("promise", "threshold", "missing_data", "owner"),
    DefinitionKind.METRIC_ALARM: _WHY_OF_ALARMS,
    DefinitionKind.COMPOSITE_ALARM: _WHY_OF_ALARMS,
    DefinitionKind.DASHBOARD: ("purpose", "owner"),
}
_TEXT: Schema = {"type": "string", "minLength": 1}
_MINUTES: Schema = {"type": "number", "exclusiveMinimum": 0}
_VARIABLE: Schema = {"$ref": "#/$defs/variable"}
_DEFINITIONS: Schema = {"variable": {"type": "string", "pattern": r"^\$\{[A-Z][A-Z0-9_]*\}$"}}
_TYPES = {"integer": "integer", "long": "integer", "float": "number", "double": "number", "boolean": "boolean"}


def schemas() -> Iterator[tuple[str, Schema]]:
    """(name of the file, schema) for each kind of definition, and for the unit tests of alarms."""
    for kind, (service, operation, _) in _SERVICES.items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        yield f"{kind}.json", _of_definition(kind, model.operation_model(operation).input_shape)
    yield "test.json", _of_tests()


def schema_text(schema: Schema) -> str:
    """As it is written."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _of_definition(kind: DefinitionKind, call: Shape | None) -> Schema:
    assert isinstance(call, StructureShape)  # noqa: S101 - each of these calls has parameters
    parameters = _of_structure(call)
    for name in _NOT_WRITTEN:
        parameters["properties"].pop(name, None)
    if kind is DefinitionKind.DASHBOARD:
        parameters["properties"]["DashboardBody"] = {"type": "object"}  # a text only for the API
    _, operation, guide = _SERVICES[kind]
    page = f"https://docs.aws.amazon.com/{guide}/APIReference/API_{operation}.html"
    members = {"$schema": {"type": "string"}, "why": _why(kind), "assumes": _assumes(), kind.value: parameters}
    return {
        "$schema": DIALECT,
        "title": f"A {kind.noun}, with the parameters of {operation}",
        "description": f"${{NAME}} stands for what differs between environments. {page}",
        **_object(members, required=("why", kind.value)),
        "$defs": _DEFINITIONS,
    }


def _why(kind: DefinitionKind) -> Schema:
    members = {name: _MINUTES if name == "fires_within_minutes" else _TEXT for name in _WHY[kind]}
    return _object(members, required=_WHY[kind])


def _assumes() -> Schema:
    """The unit of each metric of our own."""
    model = ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")
    return {"type": "object", "additionalProperties": {"enum": list(_enum(model.shape_for("StandardUnit")))}}


def _object(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _of_shape(shape: Shape) -> Schema:
    if isinstance(shape, StructureShape):
        return _of_structure(shape)
    if isinstance(shape, ListShape):
        return {"type": "array", "items": _of_shape(shape.member), **_bounds(shape, "minItems", "maxItems")}
    if isinstance(shape, MapShape):
        return {"type": "object", "additionalProperties": _of_shape(shape.value)}
    if shape.type_name in _TYPES:
        number = {"type": _TYPES[shape.type_name], **_bounds(shape, "minimum", "maximum")}
        return {"anyOf": [number, _VARIABLE]}
    if values := _enum(shape):
        return {"anyOf": [{"enum": list(values)}, _VARIABLE]}
    return {"type": "string", **_bounds(shape, "minLength", "maxLength")}


def _of_structure(shape: StructureShape) -> Schema:
    members = {name: _of_shape(member) for name, member in shape.members.items()}
    return _object(members, shape.required_members)


def _enum(shape: Shape) -> Sequence[str]:
    return shape.enum if isinstance(shape, StringShape) else ()


def _bounds(shape: Shape, least: str, most: str) -> Schema:
    known = {least: shape.metadata.get("min"), most: shape.metadata.get("max")}
    return {name: bound for name, bound in known.items() if bound is not None}


def _of_tests() -> Schema:
    """Of ``alarms/definitions/tests/*.json``: see alarms/test/cases.py."""
    lines: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
    expectation = _object(
        {
            "after": {"type": "integer", "minimum": 1, "description": "minutes"},
            "state": {"enum": [state.value for state in AlarmState]},
            "acts": {"type": "boolean", "description": "of a composite: its actions run, and are not held back"},
        },
        required=("after", "state"),
    )
    case = _object(
        {"name": _TEXT, "given": lines, "given_states": lines, "then": _some(expectation)}, required=("name", "then")
    )
    case["oneOf"] = [{"required": ["given"]}, {"required": ["given_states"]}]
    return {
        "$schema": DIALECT,
        "title": "Unit tests of an alarm",
        "description": "What is published in each minute is written as alarms/test/notation.py says: 0x5 3 _ [80 90]x2",
        **_object({"$schema": {"type": "string"}, "cases": _some(case)}, required=("cases",)),
    }


def _some(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write them all."""
    parser = argparse.ArgumentParser(
        "python -m alarms.schema", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=ROOT / FOLDER, help=f"where to (default: {FOLDER})")
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas():
        (folder / name).write_text(schema_text(schema))
        Screen().good(f"written: {folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
