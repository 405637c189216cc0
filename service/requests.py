"""What clients send, read and checked: JSON bodies, ids and paging."""

import uuid
from typing import Annotated, TypeVar

from falcon import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from service.errors import BadRequest
from showcase.errors import NotFound

JSON_BYTES_MAX = 64 * 1024
LIMIT_MAX = 100
OFFSET_MAX = 1_000_000
FOLDED_CHARACTERS_MAX = 200


def _foldable(text: str) -> str:
    # Folding lengthens some letters, up to threefold: what is stored must still fit.
    if len(text.casefold()) > FOLDED_CHARACTERS_MAX:
        raise ValueError("too long")
    return text


def _printable(text: str) -> str:
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise ValueError("control characters are not allowed")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Email = Annotated[
    str,
    Field(min_length=3, max_length=200, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    AfterValidator(_printable),
    AfterValidator(_foldable),
]
Password = Annotated[str, Field(min_length=8, max_length=128), AfterValidator(_printable)]


class Body(BaseModel):
    """A JSON body: strict types, surrounding blanks stripped, unknown fields ignored."""

    model_config = ConfigDict(strict=True, str_strip_whitespace=True, frozen=True)


class SignupBody(Body):
    first_name: Name
    last_name: Name
    email: Email
    password1: Password
    password2: str
    city: Annotated[Name, AfterValidator(_foldable)]
    country: Name


class LoginBody(Body):
    email: Annotated[str, Field(max_length=254), AfterValidator(_printable)]
    password: Annotated[str, Field(max_length=1024)]


B = TypeVar("B", bound=Body)


def read_body(request: Request, kind: type[B]) -> B:
    """The JSON body. Raises BadRequest that names the fields at fault."""
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
    """The city of a ranking, or None. Raises BadRequest."""
    city = request.get_param("city")
    if city is None:
        return None
    try:
        return _city.validate_python(city)
    except ValidationError as error:
        raise BadRequest("bad_parameter", ["city"]) from error


def read_video_id(text: str) -> uuid.UUID:
    """An id of a path. One that is no UUID names no video: raises NotFound."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound("video_not_found") from error


def read_paging(request: Request, *, default: int = LIMIT_MAX) -> tuple[int, int]:
    """``limit`` (1–100) and ``offset``. Raises BadRequest."""
    limit = read_number(request, "limit", 1, LIMIT_MAX)
    offset = read_number(request, "offset", 0, OFFSET_MAX)
    return default if limit is None else limit, offset or 0


def read_number(request: Request, name: str, lowest: int, highest: int) -> int | None:
    """A whole number from the query, or None. Raises BadRequest."""
    text = request.get_param(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and lowest <= int(text) <= highest):
        raise BadRequest("bad_parameter", [name])
    return int(text)
