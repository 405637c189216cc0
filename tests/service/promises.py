"""Compares each answer that a test gets with the OpenAPI document: status, code, headers and body."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from service.openapi.document import build_document

METHODS = ("get", "post", "put", "patch", "delete")
OF_NO_OPERATION = {
    (400, "malformed_request"), (400, "body_too_large"), (408, "request_timeout"), (500, "unexpected")
}  # fmt: skip

FORMATS = FormatChecker(["uuid"])


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    method: str
    about: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.about["operationId"])

    @property
    def needs_token(self) -> bool:
        return bool(self.about["security"])

    def codes(self) -> Iterator[tuple[int, str]]:
        """Every status with every code that the document promises."""
        for status, answer in self.about["responses"].items():
            for example in _examples(answer):
                if "code" in example and "message" in example:
                    yield int(status), example["code"]

    def address(self, **ids: str) -> str:
        return re.sub(r"{(\w+)}", lambda found: ids[found.group(1)], self.path)


def _examples(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for media in answer.get("content", {}).values():
        for example in media.get("examples", {}).values():
            if isinstance(example["value"], dict) and "upload_id" not in example["value"]:
                yield example["value"]


@cache
def document() -> dict[str, Any]:
    return build_document()


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(path, method, item[method])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    )


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    found: Registry[Any] = registry.with_resource("urn:document", DRAFT202012.create_resource(document()))
    return found


def faults(schema: dict[str, Any], value: object) -> list[str]:
    """The errors of a value against a schema of the document."""
    validator = Draft202012Validator(_absolute(schema), registry=_registry(), format_checker=FORMATS)
    return [fault.message for fault in validator.iter_errors(value)]


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"urn:document{value}" if key == "$ref" and value.startswith("#") else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(item) for item in node] if isinstance(node, list) else node


def operation_of(method: str, path: str) -> Operation | None:
    """The operation of a path without query. A path without parameters comes before a template that also fits."""
    templates = {each.path for each in operations() if _template(each.path).fullmatch(path.rstrip("/"))}
    best = min(templates, key=lambda template: template.count("{"), default=None)
    return next((each for each in operations() if (each.path, each.method) == (best, method.lower())), None)


@cache
def _template(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]*", path))


def hold_to_the_document(answer: httpx.Response) -> None:
    """An event hook of the tests' clients. Raises AssertionError when the answer is not what was promised."""
    answer.read()
    operation = operation_of(answer.request.method, answer.request.url.path)
    if answer.request.method in ("HEAD", "OPTIONS") or (operation is None and answer.status_code >= 400):
        return
    assert operation is not None, f"{answer.request.method} {answer.request.url.path} is not in the document"
    _check(operation, answer)


def _check(operation: Operation, answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_error and (status, _code(answer)) in OF_NO_OPERATION:
        return
    promised = operation.about["responses"].get(str(status))
    assert promised, f"{operation.id} answers {status}, which the document does not promise: {answer.text[:300]}"
    media_type = answer.headers["Content-Type"].partition(";")[0]
    assert media_type in promised["content"], f"{operation.id} {status} is {media_type}"
    for name in promised.get("headers", {}):
        assert name == "Link" or name in answer.headers, f"{operation.id} {status} has no {name}"
    if media_type == "application/json":
        found = faults(promised["content"][media_type]["schema"], answer.json())
        assert not found, f"{operation.id} {status}: {found}: {answer.text[:500]}"


def _code(answer: httpx.Response) -> object:
    body = answer.json()
    return body.get("code") if isinstance(body, dict) else None
