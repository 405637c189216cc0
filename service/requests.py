"""Reads and checks what clients send: JSON bodies, texts and ids."""

import re
import uuid
from typing import Annotated, TypeVar

from falcon import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from service.errors import BadRequest
from service.paging import read_parameter
from showcase.accounts import city_key, normalise_email
from showcase.errors import NotFound
from showcase.uploads.inbox import CONTENT_TYPE

JSON_BYTES_MAX = 64 * 1024
FOLDED_CHARACTERS_MAX = 200  # the length of the columns that hold texts in one letter case
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


# Case folding can make a letter up to three times as long. The folded text must fit into its column.


def _foldable_email(text: str) -> str:
    if len(normalise_email(text)) > FOLDED_CHARACTERS_MAX:
        raise ValueError("too long")
    return text


def _foldable_city(text: str) -> str:
    if len(city_key(text)) > FOLDED_CHARACTERS_MAX:
        raise ValueError("too long")
    return text


def _printable(text: str) -> str:
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise ValueError("control characters are not allowed")
    return text


# The rule of _printable as patterns of the schema. PRINTABLE also refuses a text that has only blanks.
WITHOUT_CONTROLS: dict[str, JsonValue] = {"pattern": r"^[^\u0000-\u001f]*$"}
PRINTABLE: dict[str, JsonValue] = {"pattern": r"^[^\u0000-\u001f]*[^\u0000-\u0020\s][^\u0000-\u001f]*$"}

Name = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra=PRINTABLE), AfterValidator(_printable)]
Email = Annotated[
    str,
    Field(min_length=3, max_length=200, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$"),
    AfterValidator(_printable),
    AfterValidator(_foldable_email),
]
Password = Annotated[str, Field(min_length=8, max_length=128, json_schema_extra=PRINTABLE), AfterValidator(_printable)]


class Body(BaseModel):
    """A JSON body. Types are strict, surrounding blanks are stripped, unknown fields are ignored."""

    model_config = ConfigDict(strict=True, str_strip_whitespace=True, frozen=True)


class SignupBody(Body):
    first_name: Name
    last_name: Name
    email: Email
    password1: Password
    password2: str
    city: Annotated[Name, AfterValidator(_foldable_city)]
    country: Name


class LoginBody(Body):
    email: Annotated[str, Field(max_length=254, json_schema_extra=WITHOUT_CONTROLS), AfterValidator(_printable)]
    password: Annotated[str, Field(max_length=1024)]


B = TypeVar("B", bound=Body)


class UploadBody(Body):
    """The announcement of a direct upload. `title` and `content_type` follow the rules of the form upload."""

    title: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": 200, **PRINTABLE})] = ""
    size_bytes: Annotated[int, Field(ge=1)]
    content_type: Annotated[str, Field(json_schema_extra={"enum": [CONTENT_TYPE]})]
    resumable: bool = False


def read_body(request: Request, kind: type[B]) -> B:
    """The JSON body. Raises BadRequest with the fields at fault."""
    raw = request.bounded_stream.read(JSON_BYTES_MAX + 1)
    if len(raw) > JSON_BYTES_MAX:
        raise BadRequest("body_too_large")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        fields = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
        raise BadRequest("invalid_field" if fields else "invalid_body", fields) from error


_city = TypeAdapter(Annotated[str, Field(max_length=100), AfterValidator(_printable)])
_title = TypeAdapter(Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)])


def read_title(text: str) -> str:
    """The title of a clip. Raises BadRequest."""
    try:
        return _title.validate_python(text.strip())
    except ValidationError as error:
        raise BadRequest("title_missing", ["title"]) from error


def read_city(request: Request) -> str | None:
    """The city of a ranking. None if it is missing or blank. Raises BadRequest."""
    city = read_parameter(request, "city")
    if city is None or not city.strip():
        return None
    try:
        return _city.validate_python(city)
    except ValidationError as error:
        raise BadRequest("bad_parameter", ["city"]) from error


def read_video_id(text: str) -> uuid.UUID:
    """The id of a video in a path. Raises NotFound for an id that is not a UUID."""
    if not _UUID.fullmatch(text):
        raise NotFound("video_not_found")
    return uuid.UUID(text)
