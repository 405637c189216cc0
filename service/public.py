"""What everybody may see, and voting."""

import falcon
from falcon import Request, Response

from service import messages
from service.errors import BadRequest
from service.requests import LIMIT_MAX, OFFSET_MAX, read_city, read_number, read_paging, read_video_id
from service.tokens import Authenticator
from service.views import VideoViews, ranked
from showcase.database import Database
from showcase.media_store import MediaStore
from showcase.videos import list_public
from showcase.votes import ranking, vote


class PublicVideos:
    """``GET /api/public/videos``."""

    def __init__(self, database: Database, media: MediaStore, *, link_seconds: int) -> None:
        self._database = database
        self._views = VideoViews(media, link_seconds)

    def on_get(self, request: Request, response: Response) -> None:
        limit, offset = read_paging(request)
        with self._database.reading() as connection:
            videos = list_public(connection, limit=limit, offset=offset)
        response.media = [self._views.public(video) for video in videos]


class Votes:
    """``POST /api/public/videos/{video_id}/vote``."""

    def __init__(self, players: Authenticator, database: Database, *, own_allowed: bool) -> None:
        self._players = players
        self._database = database
        self._own_allowed = own_allowed

    def on_post(self, request: Request, response: Response, video_id: str) -> None:
        player_id = self._players.player_id(request)
        with self._database.writing() as connection:
            vote(connection, read_video_id(video_id), player_id, own_allowed=self._own_allowed)
        response.status = falcon.HTTP_200
        response.media = {"message": messages.VOTED}


class Rankings:
    """``GET /api/public/rankings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def on_get(self, request: Request, response: Response) -> None:
        limit, offset = _read_positions(request)
        city = read_city(request)
        with self._database.reading() as connection:
            players = ranking(connection, city=city, limit=limit, offset=offset)
        response.media = [ranked(player) for player in players]


def _read_positions(request: Request) -> tuple[int, int]:
    """``from`` and ``to`` (positions, from 1, inclusive), or else ``limit`` and ``offset``."""
    first = read_number(request, "from", 1, OFFSET_MAX)
    last = read_number(request, "to", 1, OFFSET_MAX)
    limit, offset = read_paging(request)
    if first is None and last is None:
        return limit, offset
    start = first or 1
    if last is not None and last < start:
        raise BadRequest("bad_parameter", ["from", "to"])
    return min(LIMIT_MAX, last - start + 1 if last is not None else limit), start - 1
