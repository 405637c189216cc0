"""Public lists and the ranking, and voting."""

import falcon
from falcon import Request, Response

from service import messages
from service.access_tokens import Authenticator
from service.answers import VoteCounted
from service.paging import read_page, read_positions
from service.requests import read_city, read_video_id
from service.route_limits import RouteLimits
from service.views import VideoViews, ranked
from showcase.database.engine import Database
from showcase.videos import list_public
from showcase.votes import ranking, vote


class PublicVideos:
    """``GET /api/public/videos``: a page of the videos that are open for voting."""

    def __init__(self, database: Database, views: VideoViews) -> None:
        self._database = database
        self._views = views

    def on_get(self, request: Request, response: Response) -> None:
        page = read_page(request)
        with self._database.reading() as connection:
            videos = list_public(connection, limit=page.rows, offset=page.offset)
        response.media = [self._views.public(video) for video in page.show(request, response, videos)]

    on_head = on_get


class Votes:
    """``POST /api/public/videos/{video_id}/vote``: vote for a video."""

    needs_token = True

    def __init__(self, players: Authenticator, database: Database, limits: RouteLimits, *, own_allowed: bool) -> None:
        self._players = players
        self._database = database
        self._limits = limits
        self._own_allowed = own_allowed

    def on_post(self, request: Request, response: Response, video_id: str) -> None:
        player_id = self._players.player_id(request)
        self._limits.admit(request, str(player_id))
        with self._database.writing() as connection:
            vote(connection, read_video_id(video_id), player_id, own_allowed=self._own_allowed)
        response.status = falcon.HTTP_200
        answer: VoteCounted = {"message": messages.VOTED}
        response.media = answer


class Rankings:
    """``GET /api/public/rankings``: a page of the ranking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def on_get(self, request: Request, response: Response) -> None:
        page, city = read_positions(request), read_city(request)
        with self._database.reading() as connection:
            players = ranking(connection, city=city, limit=page.rows, offset=page.offset)
        response.media = [ranked(player) for player in page.show(request, response, players, kept={"city": city})]

    on_head = on_get
