"""Decides from the headers of a request whether its body is received.

waitress calls the application only when the whole body is in memory or in a temporary file. So the server decides here
first. A refused request reaches the application without its body and with the refusal in its environ. The application
then makes the answer, its record and its headers as it does for all other requests.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from falcon import Request, Response

from service.access_tokens import Authenticator
from service.errors import BadRequest, ProtocolFault
from service.middleware.request_telemetry import route_of
from service.requests import JSON_BYTES_MAX
from service.resources.form_upload import FORM_OVERHEAD_BYTES, refuse_by_headers
from showcase.errors import ErrorCode, Overloaded, ShowcaseError, Unavailable
from telemetry.catalogue import NO_ROUTE, Route

REFUSAL = "anb.refusal"  # key in the environ: the ShowcaseError to answer with


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The headers from which Admission decides. ``content_length`` is None for a chunked body of unknown length."""

    method: str
    path: str
    authorization: str | None
    content_type: str | None
    content_length: int | None


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The most bytes that a body may have, and the code of the refusal of a larger one."""

    bytes_max: int
    code: ErrorCode
    field: str | None = None

    def exceeded(self) -> BadRequest:
        """The refusal of a larger body."""
        return BadRequest(self.code, [self.field] if self.field else None)


BODY = BodyLimit(JSON_BYTES_MAX, "body_too_large")


def temporary_bytes_free() -> int:
    """Free bytes on the disk that holds bodies until they are handled. Raises OSError."""
    return shutil.disk_usage(tempfile.gettempdir()).free


class Admission:
    """Refuses a request or limits its body.

    It runs in the loop of the server. So a decision takes microseconds, and its only I/O asks for the free disk space.
    """

    def __init__(
        self,
        players: Authenticator,
        *,
        upload_bytes_max: int,
        disk_free_bytes_min: int,
        bytes_free: Callable[[], int] = temporary_bytes_free,
    ) -> None:
        self._players = players
        self._upload_bytes_max = upload_bytes_max
        self._upload = BodyLimit(upload_bytes_max + FORM_OVERHEAD_BYTES, "clip_too_large", "video_file")
        self._disk_free_bytes_min = disk_free_bytes_min
        self._bytes_free = bytes_free

    def judge(self, head: RequestHead, bytes_to_come: Callable[[], int]) -> BodyLimit:
        """The limit of the body. Raises Refused; Overloaded when the disk is nearly full; Unavailable.

        ``bytes_to_come`` returns the most bytes that may still arrive for all admitted bodies together.
        """
        # The path as the router reads it: waitress joins leading slashes, Falcon strips one trailing slash.
        path = "/" + head.path.lstrip("/").removesuffix("/")
        if f"{head.method} {path}" == Route.UPLOAD_VIDEO:
            return self._judge_upload(head, bytes_to_come)
        if (head.content_length or 0) > BODY.bytes_max:
            raise BODY.exceeded()
        return BODY

    def _judge_upload(self, head: RequestHead, bytes_to_come: Callable[[], int]) -> BodyLimit:
        self._players.bearer(head.authorization)
        refuse_by_headers(head.content_length, head.content_type, bytes_max=self._upload_bytes_max)
        expected = self._upload.bytes_max if head.content_length is None else head.content_length
        try:
            room = self._bytes_free() - self._disk_free_bytes_min
        except OSError as error:
            raise Unavailable("disk", "asking for its free bytes") from error
        if room - bytes_to_come() < expected:
            raise Overloaded("an upload was refused: the disk of temporary files is nearly full")
        return self._upload


class EarlyRefusals:
    """Falcon middleware that raises the refusals of the server. Falcon's 404 and 405 come before them."""

    def __init__(self, players: Authenticator) -> None:
        self._players = players

    def process_request(self, request: Request, _response: Response) -> None:
        """Raises ProtocolFault at once: bytes that are not a request have no route."""
        if isinstance(refusal := _refusal(request), ProtocolFault):
            raise refusal

    def process_resource(
        self, request: Request, _response: Response, resource: object, _params: dict[str, object]
    ) -> None:
        """Raises the refusal, if the path has the method. Where a token is needed, 401 comes before other refusals."""
        refusal = _refusal(request)
        if refusal and route_of(request) != NO_ROUTE:
            if getattr(resource, "needs_token", False):
                self._players.player_id(request)
            raise refusal


def _refusal(request: Request) -> ShowcaseError | None:
    refusal: ShowcaseError | None = request.env.get(REFUSAL)
    return refusal
