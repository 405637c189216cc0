"""Parameters, headers and the way to say who asks."""

from service.openapi.vocabulary import Json
from service.paging import LIMIT_MAX, OFFSET_MAX


def _query(name: str, schema: Json, description: str, example: object) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description, "example": example}


def _id(name: str, description: str) -> Json:
    schema = {"type": "string", "format": "uuid"}
    example = "5d2c7c1e-5a0a-4b0e-8f3d-3f1d8d1f0c55"
    place = {"name": name, "in": "path", "required": True}
    return {**place, "schema": schema, "description": description, "example": example}


def _header(description: str, schema: Json) -> Json:
    return {"description": description, "schema": schema}


_POSITION: Json = {"type": "integer", "minimum": 1, "maximum": OFFSET_MAX}

PARAMETERS: dict[str, Json] = {
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_MAX},
        "How many to show.",
        20,
    ),
    "offset": _query(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX, "default": 0},
        "How many to leave out before them.",
        0,
    ),
    "from": _query("from", _POSITION, "The first position to show; instead of `offset`. After `to` it is refused.", 1),
    "to": _query("to", _POSITION, f"The last position to show; at most {LIMIT_MAX} are shown.", 10),
    "city": _query(
        "city",
        {"type": "string", "maxLength": 100, "pattern": "^[^\\u0000-\\u001f]*$"},
        "Only the players of this city, in whatever letter case; blank is all of them.",
        "Bogotá",
    ),
    "video_id": _id("video_id", "What is no UUID names no video, and is not found."),
    "upload_id": _id("upload_id", "What is no UUID names no upload, and is not found."),
}

HEADERS: dict[str, Json] = {
    "Link": _header(
        "Where the `next`, `prev` and `first` page are (RFC 8288), where there are such; relative to this request.",
        {"type": "string"},
    ),
    "RequestId": _header(
        "The id of this request, for questions about it; the client's own `X-Request-Id` if it is well-formed.",
        {"type": "string"},
    ),
    "RetryAfter": _header("Seconds after which it makes sense to ask again.", {"type": "integer", "minimum": 1}),
    "WWWAuthenticate": _header("How to say who asks.", {"type": "string"}),
}

SECURITY_SCHEMES: dict[str, Json] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token that log-in answered. It is looked at before everything else: without a valid one "
        "the answer is 401, also for a video that does not exist.",
    }
}
