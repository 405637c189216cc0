"""The parsed CloudFormation templates. Short forms (!Ref, !Sub …) become long ones."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

INFRA = Path(__file__).resolve().parents[2] / "infra"
STACKS = ("network", "queue", "data", "operations", "api", "worker")  # in the order of creation


@cache
def template(stack: str) -> dict[str, Any]:
    """Raises AssertionError if cfn-lint cannot read the template."""
    parsed, faults = decode(str(INFRA / f"{stack}.yaml"))
    assert parsed is not None, faults
    return dict(parsed)


def resources(kind: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(stack, logical id, properties) of every resource of a type, or of all."""
    for stack in STACKS:
        for name, resource in template(stack)["Resources"].items():
            if kind in ("", resource["Type"]):
                yield stack, name, dict(resource.get("Properties", {}))


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """("stack/logical id/Sid", statement) of every policy document."""
    for stack, name, properties in resources():
        for document in _documents(properties):
            for statement in document["Statement"]:
                yield f"{stack}/{name}/{statement.get('Sid', '')}", statement


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        else:
            for item in value.values():
                yield from _documents(item)
    elif isinstance(value, list):
        for item in value:
            yield from _documents(item)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
