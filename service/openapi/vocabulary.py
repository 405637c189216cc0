"""The parts that the operations of the document are built from."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.messages import ERRORS
from showcase.clips.clip_rules import REASONS
from showcase.errors import ErrorCode

Json = dict[str, Any]

# The description of each status of failure, the same in every operation.
FAILURES = {
    "400": "The request breaks a rule. `code` names the rule. `fields`, if present, names the fields at fault.",
    "401": "The credentials are missing or not valid: the access token, or at log-in the e-mail address and password.",
    "403": "The video or upload belongs to another player.",
    "404": "The video or upload does not exist. A video that is not processed cannot be voted for.",
    "429": "This account or this IP address sends too many requests.",
    "503": "The API cannot serve the request at the moment. Send the same request again later.",
}
_RETRY_AFTER: Json = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
_HEADERS_OF_FAILURES: dict[str, Json] = {
    "401": {"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}},
    "429": _RETRY_AFTER,
    "503": _RETRY_AFTER,
}


def operation(
    operation_id: str,
    tag: str,
    summary: str,
    *,
    responses: Json,
    description: str = "",
    needs_token: bool = False,
    parameters: Sequence[str] = (),
    body: Json | None = None,
) -> Json:
    """One operation. ``parameters`` are names of ``components.PARAMETERS``."""
    found: Json = {
        "operationId": operation_id,
        "tags": [tag],
        "summary": summary,
        "security": [{"bearerAuth": []}] if needs_token else [],
        "responses": responses,
    }
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    if body:
        found["requestBody"] = body
    return found


def reference(schema: str) -> Json:
    """A reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{schema}"}


def json_content(schema: str, example: object) -> Json:
    """Content of a schema, by its name, with an example."""
    return {"application/json": {"schema": reference(schema), "examples": {"example": {"value": example}}}}


def json_body(schema: str, example: object) -> Json:
    """A required JSON body."""
    return {"required": True, "content": json_content(schema, example)}


def answers(description: str, schema: str, example: object, *, links: Json | None = None, paged: bool = False) -> Json:
    """The answer of an operation that succeeds."""
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if paged:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    answer: Json = {"description": description, "headers": headers, "content": json_content(schema, example)}
    return answer | ({"links": links} if links else {})


def errors(codes_of: Mapping[int, Sequence[ErrorCode]]) -> Json:
    """The answers of an operation that fails: the error codes of each status. Every code has a Spanish sentence."""
    return {str(status): _failure(str(status), codes) for status, codes in codes_of.items()}


def _failure(status: str, codes: Sequence[ErrorCode]) -> Json:
    narrowed: Json = {"allOf": [reference("Error"), {"properties": {"code": {"enum": list(codes)}}}]}
    examples = {code: {"value": {"code": code, "message": message_of(code)}} for code in codes}
    return {
        "description": FAILURES[status],
        "headers": {
            "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
            **_HEADERS_OF_FAILURES.get(status, {}),
        },
        "content": {"application/json": {"schema": narrowed, "examples": examples}},
    }


def message_of(code: ErrorCode) -> str:
    """The Spanish sentence of a code."""
    return next(sentence for known, sentence in (*ERRORS.items(), *REASONS.items()) if known == code)


def link(operation_id: str, description: str, **parameters: str) -> Json:
    """A link from an answer to an operation; ``parameters`` are runtime expressions."""
    return {"operationId": operation_id, "description": description, "parameters": parameters}
