"""Direct uploads: the client sends the bytes to the storage itself, and then completes the upload."""

import uuid

import falcon
from falcon import Request, Response

from service import messages
from service.access_tokens import Authenticator
from service.answers import UploadedVideo
from service.errors import BadRequest
from service.requests import UploadBody, read_body, read_title
from service.upload_views import UploadViews
from showcase.clips.clip_rules import unacceptable
from showcase.database.engine import Database
from showcase.errors import NotFound, Refused
from showcase.storage.media_store import MediaStore
from showcase.uploads.completion import Completion
from showcase.uploads.direct_uploads import NewUpload, get_upload, inbox_key, open_upload
from showcase.uploads.inbox import CONTENT_TYPE, Inbox


class DirectUploads:
    """``POST /api/videos/uploads`` ``{title, size_bytes, content_type, resumable?}``: 201 with where to send the clip.

    Without ``resumable`` the answer has ``url`` and ``fields`` of a form to POST; the clip is its last field, ``file``.
    With it the answer has ``parts``, each with ``number``, ``size_bytes`` and a ``url`` to PUT it to. Both have
    ``upload_id``, ``status`` ``open``, ``expires_at`` and ``expires_in`` (seconds) of the upload, and
    ``links_expire_in``. ``GET /api/videos/uploads/{upload_id}`` renews the links.
    400: ``title_missing``, ``clip_too_large``, ``not_mp4``, ``invalid_field``, ``too_many_uploads``. 401.
    """

    needs_token = True

    def __init__(
        self,
        players: Authenticator,
        database: Database,
        media: MediaStore,
        inbox: Inbox,
        views: UploadViews,
        *,
        bytes_max: int,
        seconds: int,
    ) -> None:
        self._players = players
        self._database = database
        self._media = media
        self._inbox = inbox
        self._views = views
        self._bytes_max = bytes_max
        self._seconds = seconds

    def on_post(self, request: Request, response: Response) -> None:
        player_id = self._players.player_id(request)
        body = read_body(request, UploadBody)
        title = read_title(body.title)
        self._check(body)
        upload_id = uuid.uuid4()
        multipart_id = self._inbox.begin_parts(inbox_key(upload_id)) if body.resumable else None
        self._open(NewUpload(upload_id, player_id, title, body.size_bytes, multipart_id))
        with self._database.reading() as connection:
            upload = get_upload(connection, upload_id, player_id)
        response.status = falcon.HTTP_201
        response.media = self._views.upload(upload)
        response.cache_control = ["no-store"]

    def _check(self, body: UploadBody) -> None:
        if body.size_bytes > self._bytes_max:
            raise BadRequest("clip_too_large", ["size_bytes"])
        if body.content_type.lower() != CONTENT_TYPE:
            raise unacceptable("not_mp4")

    def _open(self, upload: NewUpload) -> None:
        try:
            with self._database.writing() as connection:
                open_upload(connection, upload, seconds=self._seconds)
        except Refused:
            if upload.multipart_id:
                self._media.abort_upload(inbox_key(upload.id), upload.multipart_id)
            raise


class OwnDirectUpload:
    """``GET /api/videos/uploads/{upload_id}``: the state of an upload, for a client that needs new links.

    ``status`` is ``open``, ``expired``, ``completed`` (with ``video_id``, ``task_id``) or ``refused`` (with ``code``
    and ``message``). An open upload has the fields of the 201, with new links. Each part has ``received``; a part that
    has arrived has no ``url``. 401, 403 ``upload_not_yours``, 404 ``upload_not_found``.
    """

    needs_token = True

    def __init__(self, players: Authenticator, database: Database, views: UploadViews) -> None:
        self._players = players
        self._database = database
        self._views = views

    def on_get(self, request: Request, response: Response, upload_id: str) -> None:
        player_id = self._players.player_id(request)
        with self._database.reading() as connection:
            upload = get_upload(connection, _read_upload_id(upload_id), player_id)
        response.media = self._views.upload(upload)
        response.cache_control = ["no-store"]

    on_head = on_get


class CompleteDirectUpload:
    """``POST /api/videos/uploads/{upload_id}/complete``: 201 as for a form upload, also if it is repeated.

    400: ``upload_incomplete`` (the client sends the missing bytes, then completes again), ``upload_expired``, or the
    code of a broken rule, as in the form upload; then file and upload are deleted. 401, 403 ``upload_not_yours``, 404
    ``upload_not_found``.
    """

    needs_token = True

    def __init__(self, players: Authenticator, completion: Completion) -> None:
        self._players = players
        self._completion = completion

    def on_post(self, request: Request, response: Response, upload_id: str) -> None:
        player_id = self._players.player_id(request)
        context = request.context
        completed = self._completion.complete(
            _read_upload_id(upload_id), player_id, context.request_id, context.span.traceparent
        )
        context.video_id = str(completed.upload.video_id)
        if completed.is_new:
            context.upload_bytes = completed.upload.size_bytes
        response.status = falcon.HTTP_201
        answer: UploadedVideo = {
            "message": messages.UPLOADED,
            "task_id": str(completed.upload.task_id),
            "video_id": str(completed.upload.video_id),
        }
        response.media = answer


def _read_upload_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound("upload_not_found") from error
