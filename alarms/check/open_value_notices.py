"""Reports the values that a file does not give: each placeholder of a file once, at its first place."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alarms.check.scope import error, remark
from alarms.definition_files import Definition
from alarms.open_values import OpenValue
from cloudwatch.notice import Notice


def open_value_notices(definitions: Iterable[Definition]) -> Iterator[Notice]:
    """A remark for each value that is not known, and an error if CloudFormation would refuse its expression.

    A name that CloudFormation makes gives no remark, because nearly every resource of ``cdk synth`` has one.
    """
    places: dict[tuple[str, str], list[tuple[Definition, OpenValue]]] = {}
    for definition in definitions:
        for value in definition.open_values:
            if not value.is_generated:
                places.setdefault((definition.file, value.text), []).append((definition, value))
    for uses in places.values():
        definition, value = uses[0]
        more = f" (and at {len(uses) - 1} more places)" if len(uses) > 1 else ""
        if value.is_wrong:
            yield error(definition, value.key, f"{value.text}: {value.reason}{more}")
        else:
            yield remark(definition, value.key, f"{value}; --variables can give it{more}")


def text_at(body: Any, path: str) -> str:
    """The text at a path of a dashboard body (``/widgets/0/properties/region``).

    If the body is not JSON, it is the whole body. It is empty if the path does not lead to a text.
    """
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return str(body)
    for step in path.split("/")[1:]:
        if isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            body = body.get(step) if isinstance(body, Mapping) else None
    return body if isinstance(body, str) else ""
