"""Every answer of the API, field by field. The schemas of the OpenAPI document are made from these types.

They are typed dictionaries: mypy holds each answer to its type, and at run time an answer is a plain ``dict``.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict

from showcase.database.tables import VideoStatus

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Moment = Annotated[
    str, Field(description="UTC, in whole seconds, with `Z`.", json_schema_extra={"format": "date-time"})
]
Url = Annotated[
    str,
    Field(
        description="A presigned link. By default it expires after 15 minutes at most.",
        json_schema_extra={"format": "uri"},
    ),
]
Message = Annotated[str, Field(description="A sentence for people, in Spanish.")]
Count = Annotated[int, Field(ge=0)]
Position = Annotated[int, Field(ge=1)]
Status = Annotated[str, Field(json_schema_extra={"enum": [status.value for status in VideoStatus]})]

Check = Literal["ok", "unavailable", "draining"]

_EXACT = ConfigDict(extra="forbid")


@with_config(_EXACT)
class SignedUp(TypedDict):
    """The new account."""

    message: Message
    id: Id
    email: str
    first_name: str
    last_name: str
    city: str
    country: str
    is_active: bool


@with_config(_EXACT)
class AccessToken(TypedDict):
    """A token for the `Authorization` header."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(ge=1, description="Seconds until the token expires.")]


@with_config(_EXACT)
class UploadedVideo(TypedDict):
    """An accepted clip."""

    message: Message
    task_id: Id
    video_id: Id


@with_config(_EXACT)
class UploadPart(TypedDict):
    """One part of a resumable upload. `url` is missing once the part has arrived."""

    number: Annotated[int, Field(ge=1)]
    size_bytes: Annotated[int, Field(ge=1)]
    received: bool
    url: NotRequired[Url]


class _Links(TypedDict, total=False):
    expires_in: Annotated[int, Field(ge=0, description="Seconds until the upload expires.")]
    links_expire_in: Annotated[int, Field(ge=0, description="Seconds until the links expire.")]
    url: Url
    fields: Annotated[dict[str, str], Field(description="The fields of the form to send to `url`.")]
    parts: list[UploadPart]


class _Outcome(TypedDict, total=False):
    video_id: Id
    task_id: Id
    code: str
    message: Message


def _shows(status: str, *names: str) -> JsonValue:
    """The fields that an upload of this status has, beside those that every upload has."""
    absent: list[JsonValue] = [
        {"required": [name]} for name in (*_Links.__annotations__, *_Outcome.__annotations__) if name not in names
    ]
    return {"properties": {"status": {"const": status}}, "required": list(names), "not": {"anyOf": absent}}


_FIELDS_OF_EACH_STATUS: list[JsonValue] = [
    _shows("open", "expires_in", "links_expire_in", "url", "fields"),
    _shows("open", "expires_in", "links_expire_in", "parts"),
    _shows("expired"),
    _shows("completed", "video_id", "task_id"),
    _shows("refused", "code", "message"),
]


@with_config(ConfigDict(extra="forbid", json_schema_extra={"oneOf": _FIELDS_OF_EACH_STATUS}))
class DirectUploadState(_Links, _Outcome):
    """A direct upload. While it is open, it says where to send the clip. Once it has ended, it has the outcome."""

    upload_id: Id
    status: Literal["open", "expired", "completed", "refused"]
    title: str
    size_bytes: Annotated[int, Field(ge=1)]
    expires_at: Moment


_RESULT = ("processed_at", "processed_url")
_RESULT_ONCE_PROCESSED: dict[str, JsonValue] = {
    "if": {"properties": {"status": {"const": VideoStatus.PROCESSED.value}}},
    "then": {"required": list(_RESULT)},
    "else": {"not": {"anyOf": [{"required": [name]} for name in _RESULT]}},
}
_WITH_RESULT_ONCE_PROCESSED = ConfigDict(extra="forbid", json_schema_extra=_RESULT_ONCE_PROCESSED)


@with_config(_WITH_RESULT_ONCE_PROCESSED)
class OwnVideoItem(TypedDict):
    """One of the player's videos, in the list."""

    video_id: Id
    title: str
    status: Status
    uploaded_at: Moment
    processed_at: NotRequired[Moment]
    processed_url: NotRequired[Url]


@with_config(_WITH_RESULT_ONCE_PROCESSED)
class OwnVideoDetail(OwnVideoItem):
    """One of the player's videos, with its progress and, if it failed, the reason."""

    original_url: Url
    votes: Count
    attempts: Annotated[int, Field(ge=0, description="How many times the processing was started.")]
    progress: Annotated[int, Field(ge=0, le=100, description="Percent of the processing that is done.")]
    failure_code: NotRequired[Annotated[str, Field(description="Why the clip was refused, for machines.")]]
    failure_reason: NotRequired[Annotated[str, Field(description="Why the clip was refused, in Spanish.")]]


@with_config(_EXACT)
class DeletedVideo(TypedDict):
    """A deleted video."""

    message: Message
    video_id: Id


@with_config(_EXACT)
class PublicVideoItem(TypedDict):
    """A video that is open for voting."""

    video_id: Id
    title: str
    username: Annotated[str, Field(description="First and last name of the player.")]
    city: str
    votes: Count
    uploaded_at: Moment
    processed_at: Moment
    processed_url: Url


@with_config(_EXACT)
class VoteCounted(TypedDict):
    """A counted vote."""

    message: Message


@with_config(_EXACT)
class RankingItem(TypedDict):
    """A player of the ranking."""

    position: Position
    username: Annotated[str, Field(description="First and last name of the player.")]
    city: str
    votes: Annotated[int, Field(ge=1)]


@with_config(_EXACT)
class Alive(TypedDict):
    """The process is up."""

    status: Literal["alive"]


@with_config(_EXACT)
class Readiness(TypedDict):
    """The state of each dependency. While the process stops, `checks` has the member `process`, too."""

    status: Literal["healthy", "unhealthy"]
    checks: dict[str, Check]


@with_config(_EXACT)
class Error(TypedDict):
    """Every error has this shape."""

    code: Annotated[str, Field(description="Stable, for machines.")]
    message: Message
    fields: NotRequired[Annotated[list[str], Field(description="The fields or parameters at fault.")]]
