"""The shapes of answers. Those of requests come from the models that read them."""

from pydantic import BaseModel

from service.openapi.vocabulary import Json, reference
from service.requests import LoginBody, SignupBody, UploadBody
from showcase.database.tables import VideoStatus

ID: Json = {"type": "string", "format": "uuid"}
MOMENT: Json = {"type": "string", "format": "date-time", "description": "UTC, in whole seconds, with `Z`."}
URL: Json = {"type": "string", "format": "uri", "description": "A presigned link that lives some minutes."}
COUNT: Json = {"type": "integer", "minimum": 0}
TEXT: Json = {"type": "string"}
MESSAGE: Json = {"type": "string", "description": "For people, in Spanish."}


def exactly(properties: Json, *, optional: Json | None = None, **rules: object) -> Json:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
        **rules,
    }


_VIDEO = {
    "video_id": ID,
    "title": TEXT,
    "status": {"type": "string", "enum": [status.value for status in VideoStatus]},
    "uploaded_at": MOMENT,
}
_RESULT = {"processed_at": MOMENT, "processed_url": URL}
_WITH_RESULT_ONCE_PROCESSED = {
    "if": {"properties": {"status": {"const": VideoStatus.PROCESSED.value}}},
    "then": {"required": list(_RESULT)},
    "else": {"not": {"anyOf": [{"required": [name]} for name in _RESULT]}},
}
_PROGRESS = {
    "original_url": URL,
    "votes": COUNT,
    "attempts": COUNT | {"description": "How often the processing was begun."},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Percent of the processing."},
}
_FAILURE = {
    "failure_code": {"type": "string", "description": "Why the clip was refused, for machines."},
    "failure_reason": {"type": "string", "description": "The same for its owner, in Spanish."},
}

_WHERE_TO = {
    "expires_in": COUNT | {"description": "Seconds that are left to send the clip."},
    "links_expire_in": COUNT | {"description": "Seconds that the links live."},
    "url": URL,
    "fields": {"type": "object", "additionalProperties": TEXT, "description": "Of the form to send to `url`."},
    "parts": {"type": "array", "items": reference("UploadPart")},
}
_OUTCOME = {"video_id": ID, "task_id": ID, "code": TEXT, "message": MESSAGE}


def _shows(status: str, *names: str) -> Json:
    """A status, and which of the optional fields it has."""
    absent = [{"required": [name]} for name in (_WHERE_TO | _OUTCOME) if name not in names]
    return {"properties": {"status": {"const": status}}, "required": list(names), "not": {"anyOf": absent}}


_WHAT_EACH_STATUS_SHOWS = [
    _shows("open", "expires_in", "links_expire_in", "url", "fields"),
    _shows("open", "expires_in", "links_expire_in", "parts"),
    _shows("expired"),
    _shows("completed", "video_id", "task_id"),
    _shows("refused", "code", "message"),
]

ANSWERS: dict[str, Json] = {
    "SignedUp": exactly(
        {
            "message": MESSAGE,
            "id": ID,
            "email": TEXT,
            "first_name": TEXT,
            "last_name": TEXT,
            "city": TEXT,
            "country": TEXT,
            "is_active": {"type": "boolean"},
        }
    ),
    "AccessToken": exactly(
        {
            "access_token": TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "minimum": 1, "description": "Seconds."},
        }
    ),
    "UploadedVideo": exactly({"message": MESSAGE, "task_id": ID, "video_id": ID}),
    "UploadPart": exactly(
        {
            "number": {"type": "integer", "minimum": 1},
            "size_bytes": {"type": "integer", "minimum": 1},
            "received": {"type": "boolean"},
        },
        optional={"url": URL},
    ),
    "DirectUpload": exactly(
        {
            "upload_id": ID,
            "status": {"type": "string", "enum": ["open", "expired", "completed", "refused"]},
            "title": TEXT,
            "size_bytes": {"type": "integer", "minimum": 1},
            "expires_at": MOMENT,
        },
        optional=_WHERE_TO | _OUTCOME,
        oneOf=_WHAT_EACH_STATUS_SHOWS,
    ),
    "OwnVideo": exactly(_VIDEO, optional=_RESULT, **_WITH_RESULT_ONCE_PROCESSED),
    "OwnVideoDetail": exactly(_VIDEO | _PROGRESS, optional=_RESULT | _FAILURE, **_WITH_RESULT_ONCE_PROCESSED),
    "DeletedVideo": exactly({"message": MESSAGE, "video_id": ID}),
    "PublicVideo": exactly(
        {
            "video_id": ID,
            "title": TEXT,
            "username": TEXT,
            "city": TEXT,
            "votes": COUNT,
            "uploaded_at": MOMENT,
            **_RESULT,
        }
    ),
    "VoteCounted": exactly({"message": MESSAGE}),
    "RankedPlayer": exactly(
        {
            "position": {"type": "integer", "minimum": 1},
            "username": {"type": "string", "description": "First and last name."},
            "city": TEXT,
            "votes": {"type": "integer", "minimum": 1},
        }
    ),
    "Alive": exactly({"status": {"const": "alive"}}),
    "Readiness": exactly(
        {
            "status": {"enum": ["healthy", "unhealthy"]},
            "checks": {"type": "object", "additionalProperties": {"enum": ["ok", "unavailable", "draining"]}},
        }
    ),
    "Error": exactly(
        {"code": {"type": "string", "description": "Stable, for machines."}, "message": MESSAGE},
        optional={"fields": {"type": "array", "items": TEXT, "description": "The fields or parameters at fault."}},
    ),
}

REQUESTS: dict[str, type[BaseModel]] = {"Signup": SignupBody, "Login": LoginBody, "NewUpload": UploadBody}


def all_schemas() -> dict[str, Json]:
    """Everything that the operations refer to."""
    return {name: request_schema(model) for name, model in REQUESTS.items()} | ANSWERS


def request_schema(model: type[BaseModel]) -> Json:
    """A body as its model reads it; unknown fields are ignored."""
    schema = model.model_json_schema()
    schema.pop("description", None)
    return schema
