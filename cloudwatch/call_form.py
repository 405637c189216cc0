"""The form of a call: names, types, enumerations and limits of its parameters, from botocore's model of the service.

AWS checks the form of a call before its other rules. New parameters are known as soon as botocore knows them.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

Fault = tuple[str, str]  # the path of the parameter (Metrics[0].MetricStat.Period), and what is wrong with it

_WRONG_TYPE = "has the wrong type"


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service in the installed botocore: "cloudwatch", "autoscaling"."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def input_shape(service: str, operation: str) -> StructureShape:
    """The parameters of a call, for example of ``PutMetricAlarm``. Raises an error of botocore for an unknown one."""
    shape = service_model(service).operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)  # noqa: S101 - each put call has parameters
    return shape


def standard_units() -> tuple[str, ...]:
    """The units of CloudWatch's metrics, such as ``Count`` and ``Bytes/Second``."""
    shape = service_model("cloudwatch").shape_for("StandardUnit")
    assert isinstance(shape, StringShape)  # noqa: S101 - it is an enumeration of texts
    return tuple(shape.enum)


def form_faults(value: Any, shape: Shape, path: str = "") -> Iterator[Fault]:
    """Everything in ``value`` that the model does not allow at ``path``. A parameter of None counts as missing."""
    if isinstance(shape, StructureShape):
        yield from _structure_faults(value, shape, path)
    elif isinstance(shape, ListShape):
        yield from _list_faults(value, shape, path)
    elif isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            yield path, _WRONG_TYPE
    elif not _TYPES.get(shape.type_name, lambda _: True)(value):
        yield path, f"{str(value)[:50]!r} {_WRONG_TYPE}"
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield path, f"{value!r} is none of {', '.join(shape.enum)}"
    elif isinstance(value, str):
        yield from _bound_faults(len(value), shape, path, "has {} characters", "characters")
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, f"{value} is not a finite number"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bound_faults(value, shape, path, "is {}", "")


def _structure_faults(value: Any, shape: StructureShape, path: str) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield path, _WRONG_TYPE
        return
    below = f"{path}." if path else ""
    given = {name: item for name, item in value.items() if item is not None}
    for name in shape.required_members:
        if name not in given:
            yield f"{below}{name}", "is missing"
    if shape.is_tagged_union and len(given) != 1:
        yield path, f"needs exactly one of {', '.join(shape.members)}"
    for name, item in given.items():
        if name in shape.members:
            yield from form_faults(item, shape.members[name], f"{below}{name}")
        else:
            yield f"{below}{name}", "there is no such parameter"


def _list_faults(value: Any, shape: ListShape, path: str) -> Iterator[Fault]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        yield path, "is not a list"
        return
    yield from _bound_faults(len(value), shape, path, "has {} items", "items")
    for index, item in enumerate(value):
        yield from form_faults(item, shape.member, f"{path}[{index}]")


def _bound_faults(size: float, shape: Shape, path: str, found: str, noun: str) -> Iterator[Fault]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        allowed = f"at least {least}" if most is None else f"at most {most}" if least is None else f"{least} to {most}"
        yield path, f"{found.format(size)}, {allowed} {noun}".rstrip() + " are allowed"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "long": _is_integer,
    "float": _is_number,
    "double": _is_number,
    "timestamp": lambda value: isinstance(value, str | datetime) or _is_number(value),
}
