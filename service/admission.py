"""Judging a request by its headers, before any of its body is taken.

waitress hands a request to the application only when its whole body lies in memory or in a temporary file.
So the door asks here first. What is refused reaches the application without its body, with the refusal
in its environ: the answer, its record and its headers are made where all others are made.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from falcon import Request, Response

from service.access_tokens import Authenticator
from service.errors import BadRequest, ProtocolFault
from service.requests import JSON_BYTES_MAX
from service.resources.form_upload import FORM_OVERHEAD_BYTES, refuse_by_headers
from showcase.errors import Overloaded, ShowcaseError, Unavailable
from telemetry.catalogue import Route

REFUSAL = "anb.refusal"  # in the environ: the ShowcaseError that the answer shall tell


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What the headers say. ``content_length`` is None for a chunked body: nobody knows its length yet."""

    method: str
    path: str
    authorization: str | None
    content_type: str | None
    content_length: int | None


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What a body may bring, and the code of the refusal when it brings more."""

    bytes_max: int
    code: str
    field: str | None = None

    def exceeded(self) -> BadRequest:
        return BadRequest(self.code, [self.field] if self.field else None)


BODY = BodyLimit(JSON_BYTES_MAX, "body_too_large")


def temporary_bytes_free() -> int:
    """Free bytes where bodies are kept until they are handled. Raises OSError."""
    return shutil.disk_usage(tempfile.gettempdir()).free


class Admission:
    """Decides in microseconds and without I/O but a look at the disk: it is asked in the loop of the server."""

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
        """What the body may bring. Raises Refused; Overloaded when the disk is nearly full; Unavailable.

        ``bytes_to_come`` tells what all bodies that were admitted may still bring.
        """
        if f"{head.method} {_routed(head.path)}" == Route.UPLOAD_VIDEO:
            return self._judge_upload(head, bytes_to_come)
        if (head.content_length or 0) > BODY.bytes_max:
            raise BODY.exceeded()
        return BODY

    def _judge_upload(self, head: RequestHead, bytes_to_come: Callable[[], int]) -> BodyLimit:
        self._players.bearer(head.authorization)
        refuse_by_headers(head.content_length, head.content_type, bytes_max=self._upload_bytes_max)
        expected = self._upload.bytes_max if head.content_length is None else head.content_length
        if self._room() - bytes_to_come() < expected:
            raise Overloaded("an upload was turned away: the disk of temporary files is nearly full")
        return self._upload

    def _room(self) -> int:
        try:
            return self._bytes_free() - self._disk_free_bytes_min
        except OSError as error:
            raise Unavailable("disk", "asking for its free bytes") from error


def _routed(path: str) -> str:
    """The path as the router sees it: waitress joins leading slashes, Falcon strips one trailing slash."""
    return "/" + path.lstrip("/").removesuffix("/")


class EarlyRefusals:
    """Falcon middleware: tells what the door has decided, unless the router has a better answer (404, 405)."""

    def __init__(self, players: Authenticator) -> None:
        self._players = players

    def process_request(self, request: Request, _response: Response) -> None:
        """What is no request has no route either. Raises ProtocolFault."""
        if isinstance(refusal := _refusal(request), ProtocolFault):
            raise refusal

    def process_resource(
        self, request: Request, _response: Response, resource: object, _params: dict[str, object]
    ) -> None:
        """Raises the refusal; where a token is needed, 401 is decided before everything else."""
        if refusal := _refusal(request):
            if getattr(resource, "needs_token", False):
                self._players.player_id(request)
            raise refusal


def _refusal(request: Request) -> ShowcaseError | None:
    refusal: ShowcaseError | None = request.env.get(REFUSAL)
    return refusal
