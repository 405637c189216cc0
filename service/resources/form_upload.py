"""Uploading a clip by form: the clip streams into the storage, and its MP4 boxes are checked meanwhile."""

import logging
import uuid
import zlib
from dataclasses import dataclass

import falcon
from falcon import Request, Response
from falcon.media.multipart import BodyPart, MultipartForm

from service import messages
from service.access_tokens import Authenticator
from service.answers import UploadedVideo
from service.errors import BadRequest
from service.requests import read_title
from showcase.clips.clip_rules import judge_scan, unacceptable
from showcase.clips.mp4_boxes import BadBoxes, BoxScanner
from showcase.database.engine import Database
from showcase.errors import Refused, Unavailable
from showcase.jobs.outbox import UNSENT, Entry, Outbox
from showcase.storage.media_store import ByteSource, MediaStore
from showcase.videos import NewVideo, add_video, original_key

FORM_OVERHEAD_BYTES = 64 * 1024  # the bytes of a form beside its clip: boundaries, part headers, the title

log = logging.getLogger(__name__)


def refuse_by_headers(content_length: int | None, content_type: str | None, *, bytes_max: int) -> None:
    """Raises BadRequest when the headers show that the form has no clip, or one that is too large."""
    if (content_length or 0) > bytes_max + FORM_OVERHEAD_BYTES:
        raise BadRequest("clip_too_large", ["video_file"])
    if not (content_type or "").lower().startswith(falcon.MEDIA_MULTIPART):
        raise BadRequest("video_file_missing", ["video_file"])


class ScannedStream:
    """Passes a clip on to its reader, counts its bytes and its CRC-32, and refuses it at the first broken rule."""

    def __init__(self, source: ByteSource, bytes_max: int) -> None:
        self._source = source
        self._bytes_max = bytes_max
        self._scanner = BoxScanner()
        self.bytes = 0
        self.crc32 = 0

    def read(self, size: int = -1, /) -> bytes:
        """Raises BadRequest ``clip_too_large`` or UnacceptableClip."""
        data = self._source.read(size)
        self.bytes += len(data)
        self.crc32 = zlib.crc32(data, self.crc32)
        if self.bytes > self._bytes_max:
            raise BadRequest("clip_too_large", ["video_file"])
        try:
            self._scanner.feed(data)
        except BadBoxes as error:
            raise unacceptable(error.code) from error
        return data

    def judge(self) -> None:
        """Check the whole clip, after its last byte. Raises UnacceptableClip."""
        try:
            self._scanner.finish()
        except BadBoxes as error:
            raise unacceptable(error.code) from error
        judge_scan(self._scanner)


@dataclass(frozen=True, slots=True)
class StoredClip:
    """Size and CRC-32 of the stored clip."""

    bytes: int
    crc32: int


@dataclass(slots=True)
class _Form:
    """The parts of the form that have arrived."""

    title: str | None = None
    clip: StoredClip | None = None


class FormUpload:
    """``POST /api/videos/upload``: multipart with ``video_file`` and ``title``, in any order."""

    needs_token = True

    def __init__(
        self, players: Authenticator, database: Database, media: MediaStore, outbox: Outbox, *, bytes_max: int
    ) -> None:
        self._players = players
        self._database = database
        self._media = media
        self._outbox = outbox
        self._bytes_max = bytes_max

    def on_post(self, request: Request, response: Response) -> None:
        player_id = self._players.player_id(request)
        refuse_by_headers(request.content_length, request.content_type, bytes_max=self._bytes_max)
        video_id = uuid.uuid4()
        title, clip = self._receive(request.get_media(), original_key(video_id))
        video = NewVideo(
            id=video_id,
            task_id=uuid.uuid4(),
            player_id=player_id,
            title=title,
            original_key=original_key(video_id),
            original_bytes=clip.bytes,
            original_crc32=clip.crc32,
            request_id=request.context.request_id,
            traceparent=request.context.span.traceparent,
        )
        self._accept(video)
        request.context.upload_bytes = clip.bytes
        request.context.video_id = str(video.id)
        response.status = falcon.HTTP_201
        answer: UploadedVideo = {
            "message": messages.UPLOADED,
            "task_id": str(video.task_id),
            "video_id": str(video.id),
        }
        response.media = answer

    def _receive(self, parts: MultipartForm, key: str) -> tuple[str, StoredClip]:
        """Store the clip under ``key``; return title and clip. The object of a refused upload is removed."""
        form = _Form()
        try:
            for part in parts:
                self._take(part, form, key)
            if form.title is None:
                raise BadRequest("title_missing", ["title"])
            if form.clip is None:
                raise BadRequest("video_file_missing", ["video_file"])
        except UnicodeDecodeError as error:
            self._discard_if_stored(form, key)
            raise BadRequest("invalid_body") from error
        except (Refused, falcon.HTTPError):
            self._discard_if_stored(form, key)
            raise
        return form.title, form.clip

    def _take(self, part: BodyPart, form: _Form, key: str) -> None:
        if part.name == "title":
            form.title = read_title(part.get_text() or "")
        elif part.name == "video_file":
            if form.clip is not None:
                raise BadRequest("video_file_missing", ["video_file"])
            stream = ScannedStream(part.stream, self._bytes_max)
            self._media.put_stream(key, stream)
            form.clip = StoredClip(stream.bytes, stream.crc32)
            stream.judge()

    def _discard_if_stored(self, form: _Form, key: str) -> None:
        if form.clip is None:
            return
        try:
            self._media.delete(key)
        except Unavailable as error:
            log.warning("file %s of a refused upload not removed: %s", key, error)

    def _accept(self, video: NewVideo) -> None:
        """Add the video to the database, then send its message. If that fails, the sweeper of the outbox sends it."""
        with self._database.writing() as connection:
            uploaded_at = add_video(connection, video)
        message = "message sent" if self._outbox.send(Entry.of_new(video, uploaded_at)) else UNSENT
        size, video_id = video.original_bytes, str(video.id)
        log.info("video %s accepted: %d bytes; %s", video_id, size, message, extra={"video_id": video_id})
