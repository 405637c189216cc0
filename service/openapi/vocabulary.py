"""The words in which the operations of the document are written."""

from typing import Any

from service.messages import ERRORS
from showcase.clips.clip_rules import unacceptable

Json = dict[str, Any]

NEEDS_TOKEN: list[Json] = [{"bearerAuth": []}]
PUBLIC: list[Json] = []

DESCRIPTIONS = {
    "400": "The request breaks a rule; `code` says which, `fields` where.",
    "401": "Who is asking is not proven.",
    "403": "It belongs to another player.",
    "404": "There is no such thing, or not for this purpose.",
    "429": "Too often, for this account or this address.",
    "503": "Something that the API needs is away for a moment. The same request may be made again.",
}
RETRY_AFTER: Json = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
ERROR_HEADERS: dict[str, Json] = {
    "401": {"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}},
    "429": RETRY_AFTER,
    "503": RETRY_AFTER,
}


def reference(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def array_of(schema: str) -> Json:
    return {"type": "array", "items": reference(schema)}


def parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def json_content(schema: Json, example: object) -> Json:
    return {"application/json": {"schema": schema, "examples": {"example": {"value": example}}}}


def json_body(schema: str, example: object) -> Json:
    return {"required": True, "content": json_content(reference(schema), example)}


def answers(description: str, schema: str, example: object, *, links: Json | None = None, paged: bool = False) -> Json:
    """The answer of success."""
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if paged:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    answer: Json = {"description": description, "headers": headers, "content": json_content(reference(schema), example)}
    return answer | ({"links": links} if links else {})


def errors(**codes_of: str) -> Json:
    """The answers of failure: ``errors(_400="invalid_body invalid_field")``. Every code has its sentence in Spanish."""
    return {status.lstrip("_"): _error(status.lstrip("_"), codes.split()) for status, codes in codes_of.items()}


def _error(status: str, codes: list[str]) -> Json:
    narrowed: Json = {"allOf": [reference("Error"), {"properties": {"code": {"enum": codes}}}]}
    examples = {code: {"value": {"code": code, "message": message_of(code)}} for code in codes}
    return {
        "description": DESCRIPTIONS[status],
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}, **ERROR_HEADERS.get(status, {})},
        "content": {"application/json": {"schema": narrowed, "examples": examples}},
    }


def message_of(code: str) -> str:
    """The sentence that goes with a code."""
    return ERRORS.get(code) or unacceptable(code).reason


def link(operation_id: str, description: str, **parameters: str) -> Json:
    return {"operationId": operation_id, "description": description, "parameters": parameters}
