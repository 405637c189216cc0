"""Parameters, headers and the security scheme."""

from service.openapi.vocabulary import Json
from service.paging import LIMIT_MAX, OFFSET_MAX

_POSITION: Json = {"type": "integer", "minimum": 1, "maximum": OFFSET_MAX}


def _query(name: str, schema: Json, description: str, example: object) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description, "example": example}


def _id(name: str, noun: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
        "description": f"An id that is not a UUID matches no {noun} (404).",
        "example": "5d2c7c1e-5a0a-4b0e-8f3d-3f1d8d1f0c55",
    }


PARAMETERS: dict[str, Json] = {
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_MAX},
        "The number of items to show.",
        20,
    ),
    "offset": _query(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX, "default": 0},
        "The number of items to skip before the first one that is shown.",
        0,
    ),
    "from": _query(
        "from",
        _POSITION,
        "The first position to show, counted from 1, instead of `offset`. A `from` greater than `to` is refused.",
        1,
    ),
    "to": _query("to", _POSITION, f"The last position to show, included. At most {LIMIT_MAX} players are shown.", 10),
    "city": _query(
        "city",
        {"type": "string", "maxLength": 100, "pattern": "^[^\\u0000-\\u001f]*$"},
        "Only the players of this city. Letter case makes no difference. A blank city means all cities.",
        "Bogotá",
    ),
    "video_id": _id("video_id", "video"),
    "upload_id": _id("upload_id", "upload"),
}

HEADERS: dict[str, Json] = {
    "Link": {
        "description": "Links to the `next`, `prev` and `first` page (RFC 8288). A page that does not exist has no "
        "link. The links are relative to the URL of this request.",
        "schema": {"type": "string"},
    },
    "RequestId": {
        "description": "The id of this request, for support. It is the `X-Request-Id` of the client, if that has 8 to "
        "64 letters, digits, dots, hyphens or underscores.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWWAuthenticate": {"description": "The way to authenticate: `Bearer`.", "schema": {"type": "string"}},
}

SECURITY_SCHEMES: dict[str, Json] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token from log-in. The API checks it first: without a valid token the answer is 401, even "
        "for a video that does not exist.",
    }
}
