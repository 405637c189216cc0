"""The types of resources agree with CloudFormation's schemas, in the copies of cfn-lint."""

from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from alarms.definition_files import CALLS, NAME_KEYS, DefinitionKind
from alarms.forms.template.resource_types import APPLICATION_POLICY, KINDS, NAMED_BY_REF
from cloudwatch.call_form import input_shape

NAMED_KINDS = (
    *(DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM),
    *(DefinitionKind.LOG_ALARM, DefinitionKind.DASHBOARD),
)
NAMED_DEFINITIONS = {type_: NAME_KEYS[kind] for type_, kind in KINDS.items() if kind in NAMED_KINDS}
READ_ONLY = "readOnlyProperties"


def schema_of(kind: str) -> dict[str, Any]:
    return dict(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema)


@pytest.mark.parametrize(("kind", "name"), [*NAMED_BY_REF.items(), *NAMED_DEFINITIONS.items()])
def test_ref_gives_the_property_that_identifies_the_resource(kind: str, name: str) -> None:
    assert schema_of(kind)["primaryIdentifier"] == [f"/properties/{name}"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_property_is_a_parameter_of_the_call(kind: str) -> None:
    schema = schema_of(kind)
    of_cloudformation = {path.removeprefix("/properties/") for path in schema.get(READ_ONLY, ())}
    if kind == APPLICATION_POLICY:
        call = ("application-autoscaling", "PutScalingPolicy")
        of_cloudformation.add("ScalingTargetId")
    else:
        call = CALLS[KINDS[kind]]
    unknown = set(unknown_properties(schema, input_shape(*call), schema))
    assert unknown <= of_cloudformation


def unknown_properties(part: dict[str, Any], shape: Shape, schema: dict[str, Any], path: str = "") -> list[str]:
    """The properties of a schema that the model of a call does not have. Upper and lower case count as the same."""
    while "$ref" in part:
        part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]]
    if isinstance(shape, ListShape):
        return unknown_properties(part.get("items", {}), shape.member, schema, path)
    if not isinstance(shape, StructureShape):
        return []
    members = {name.lower(): member for name, member in shape.members.items()}
    found = []
    for name, below in part.get("properties", {}).items():
        if name.lower() in members:
            found += unknown_properties(below, members[name.lower()], schema, f"{path}{name}/")
        else:
            found.append(f"{path}{name}")
    return found
