"""The properties of a resource as the parameters of its API call.

CloudFormation and the API differ in the case of some names and in types: CloudFormation accepts ``"60"`` for 60, and 60
for ``"60"``. The model of the call gives the type.
"""

import math
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, Shape, StructureShape


def api_value(value: Any, shape: Shape) -> Any:
    """``value`` in the type of the model. A value that cannot be converted stays as it is, and the check refuses it."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {name.lower(): name for name in shape.members}
        return dict(_member(name, item, names, shape) for name, item in value.items())
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [api_value(item, shape.member) for item in value]
    if shape.type_name == "string":
        return as_text(value)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
    if isinstance(value, str) and shape.type_name in ("integer", "long", "float", "double"):
        return _number(value)
    if isinstance(value, float) and shape.type_name in ("integer", "long") and value.is_integer():
        return int(value)
    return value


def as_text(value: Any) -> Any:
    """A number or a truth value as CloudFormation writes it into a text; any other value as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _member(name: str, item: Any, names: Mapping[str, str], shape: StructureShape) -> tuple[str, Any]:
    known = name if name in shape.members else names.get(name.lower())  # MetricTimeZone is MetricTimezone
    return (known, api_value(item, shape.members[known])) if known else (name, item)


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number
