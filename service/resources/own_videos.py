"""A player's own videos: list, detail, delete."""

import logging

from falcon import Request, Response

from service import messages
from service.access_tokens import Authenticator
from service.answers import DeletedVideo
from service.paging import read_page
from service.requests import read_video_id
from service.views import VideoViews
from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.storage.media_store import MediaStore
from showcase.videos import delete_own, get_own, list_own

log = logging.getLogger(__name__)


class OwnVideos:
    """``GET /api/videos``: a page of the player's own videos."""

    needs_token = True

    def __init__(self, players: Authenticator, database: Database, views: VideoViews) -> None:
        self._players = players
        self._database = database
        self._views = views

    def on_get(self, request: Request, response: Response) -> None:
        player_id = self._players.player_id(request)
        page = read_page(request)
        with self._database.reading() as connection:
            videos = list_own(connection, player_id, limit=page.rows, offset=page.offset)
        response.media = [self._views.item(video) for video in page.show(request, response, videos)]

    on_head = on_get


class OwnVideo:
    """``GET`` and ``DELETE /api/videos/{video_id}``: one of the player's own videos."""

    needs_token = True

    def __init__(self, players: Authenticator, database: Database, media: MediaStore, views: VideoViews) -> None:
        self._players = players
        self._database = database
        self._media = media
        self._views = views

    def on_get(self, request: Request, response: Response, video_id: str) -> None:
        player_id = self._players.player_id(request)
        with self._database.reading() as connection:
            video = get_own(connection, read_video_id(video_id), player_id)
        response.media = self._views.detail(video)

    on_head = on_get

    def on_delete(self, request: Request, response: Response, video_id: str) -> None:
        player_id = self._players.player_id(request)
        found_id = read_video_id(video_id)
        with self._database.writing() as connection:
            keys = delete_own(connection, found_id, player_id)
        self._remove_files(keys)
        answer: DeletedVideo = {"message": messages.DELETED, "video_id": str(found_id)}
        response.media = answer

    def _remove_files(self, keys: list[str]) -> None:
        # The row is deleted, so the request has succeeded. A file that stays is removed later by the housekeeping.
        for key in keys:
            try:
                self._media.delete(key)
            except Unavailable as error:
                log.warning("file %s of a deleted video not removed: %s", key, error)
