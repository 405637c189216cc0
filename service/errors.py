"""Turns every error into an answer. Every error has one shape: ``{"code": …, "message": …}``.

A body that breaks a rule is 400, also where HTTP has a more exact status, because the contract says so.
"""

import logging
from typing import Any

import falcon
from falcon import Request, Response

from service.answers import Error
from service.messages import ERRORS
from showcase.errors import (
    ErrorCode,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Overloaded,
    Refused,
    TooManyRequests,
    UnacceptableClip,
    Unavailable,
)

RETRY_AFTER_SECONDS = "5"

log = logging.getLogger(__name__)

App = falcon.App[Request, Response]


class BadRequest(Refused):
    """The request is malformed. ``fields`` are the fields at fault, if it has fields."""

    def __init__(self, code: ErrorCode, fields: list[str] | None = None) -> None:
        super().__init__(code)
        self.fields = fields


class ProtocolFault(BadRequest):
    """The bytes are not a readable request, or the request was late. ``status`` is its HTTP status."""

    def __init__(self, code: ErrorCode, status: str = falcon.HTTP_400) -> None:
        super().__init__(code)
        self.status = status


def install_error_handlers(app: App) -> None:
    """Add a handler for each class of errors. Falcon calls that of the most specific class, whatever their order."""
    app.add_error_handler(Refused, _refused)
    app.add_error_handler(UnacceptableClip, _unacceptable_clip)
    app.add_error_handler(TooManyRequests, _too_many_requests)
    app.add_error_handler(Unavailable, _unavailable)
    app.add_error_handler(Overloaded, _overloaded)
    app.add_error_handler(falcon.HTTPError, _http_error)
    app.add_error_handler(Exception, _unexpected)


def _answer(
    response: Response, status: str, code: ErrorCode, message: str | None = None, fields: list[str] | None = None
) -> None:
    body: Error = {"code": code, "message": message or ERRORS[code]}
    if fields:
        body["fields"] = fields
    response.status = status
    response.media = body


def _refused(_request: Request, response: Response, error: Refused, _params: dict[str, Any]) -> None:
    fields = error.fields if isinstance(error, BadRequest) else None
    _answer(response, _status_of(error), error.code, fields=fields)
    if isinstance(error, NotAuthenticated):
        response.set_header("WWW-Authenticate", "Bearer")


def _status_of(error: Refused) -> str:
    if isinstance(error, ProtocolFault):
        return error.status
    if isinstance(error, NotAuthenticated):
        return falcon.HTTP_401
    if isinstance(error, Forbidden):
        return falcon.HTTP_403
    return falcon.HTTP_404 if isinstance(error, NotFound) else falcon.HTTP_400


def _unacceptable_clip(_request: Request, response: Response, error: UnacceptableClip, _params: dict[str, Any]) -> None:
    _answer(response, falcon.HTTP_400, error.code, error.reason)


def _too_many_requests(_request: Request, response: Response, error: TooManyRequests, _params: dict[str, Any]) -> None:
    _answer(response, falcon.HTTP_429, error.code)
    response.set_header("Retry-After", str(error.retry_after_seconds))


def _overloaded(_request: Request, response: Response, error: Overloaded, _params: dict[str, Any]) -> None:
    log.warning("%s", error)
    _answer(response, falcon.HTTP_503, "unavailable")
    response.set_header("Retry-After", RETRY_AFTER_SECONDS)


def _unavailable(_request: Request, response: Response, error: Unavailable, _params: dict[str, Any]) -> None:
    log.error("%s", error, exc_info=error)
    _answer(response, falcon.HTTP_503, "unavailable")
    response.set_header("Retry-After", RETRY_AFTER_SECONDS)


def _http_error(_request: Request, response: Response, error: falcon.HTTPError, _params: dict[str, Any]) -> None:
    codes: dict[int, ErrorCode] = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "invalid_body")
    _answer(response, str(error.status) if error.status_code in codes else falcon.HTTP_400, code)
    for name, value in dict(error.headers or {}).items():
        response.set_header(name, value)


def _unexpected(_request: Request, response: Response, error: Exception, _params: dict[str, Any]) -> None:
    # The one broad handler of the API: an unexpected error is logged once, and the client reads no detail of it.
    log.error("unexpected error", exc_info=error)
    _answer(response, falcon.HTTP_500, "unexpected")
