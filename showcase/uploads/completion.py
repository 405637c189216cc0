"""The end of a direct upload: the object in the inbox becomes a video, or is refused.

The storage copies the object to a key that no link can write, and the *copy* is judged and accepted. So it does not
matter what the client does to the inbox afterwards. Each attempt makes its own copy, under the id of the video that it
would become, and one guarded update decides which attempt counts. So attempts may run at the same time, and each may
die at any step: the upload is either still open, and can be completed again, or it is decided. A copy that does not
count is removed at once, or later as an orphan.
"""

import logging
import uuid
from dataclasses import dataclass

from showcase.clips.clip_rules import unacceptable
from showcase.database.engine import Database
from showcase.database.tables import UploadStatus
from showcase.errors import ObjectMissing, Refused, Unavailable
from showcase.jobs.outbox import UNSENT, Entry, Outbox
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import OwnUpload, accept, get_upload, inbox_key, plan_parts, refuse
from showcase.uploads.inbox import Inbox
from showcase.uploads.stored_clip import fault_of
from showcase.videos import NewVideo, original_key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed upload. ``is_new`` is True only for the attempt that completed it."""

    upload: OwnUpload
    is_new: bool


class Completion:
    """Completes direct uploads."""

    def __init__(self, database: Database, media: MediaStore, inbox: Inbox, outbox: Outbox) -> None:
        self._database = database
        self._media = media
        self._inbox = inbox
        self._outbox = outbox

    def complete(self, upload_id: uuid.UUID, player_id: uuid.UUID, request_id: str, traceparent: str = "") -> Completed:
        """Complete the upload, or return it if it is already completed.

        Raises NotFound, Forbidden, Refused ``upload_expired`` or ``upload_incomplete`` (bytes are missing: send
        them, and complete again), UnacceptableClip (the upload is over), Unavailable.
        """
        upload = self._read(upload_id, player_id)
        is_new = False
        if upload.status == UploadStatus.OPEN:
            if upload.is_too_late:
                raise Refused("upload_expired")
            is_new = self._settle(upload, request_id, traceparent)
            upload = self._read(upload_id, player_id)  # this attempt or another one has decided the row
        if upload.status == UploadStatus.OPEN:
            raise Refused("upload_incomplete")
        if upload.refusal_code:
            raise unacceptable(upload.refusal_code)
        return Completed(upload, is_new)

    def _read(self, upload_id: uuid.UUID, player_id: uuid.UUID) -> OwnUpload:
        with self._database.reading() as connection:
            return get_upload(connection, upload_id, player_id)

    def _settle(self, upload: OwnUpload, request_id: str, traceparent: str) -> bool:
        """Accept or refuse the object in the inbox, unless bytes are missing. True if this attempt made it a video."""
        video_id = uuid.uuid4()
        try:
            self._join_parts(upload)
            crc32 = self._media.copy(inbox_key(upload.id), original_key(video_id))
        except ObjectMissing:
            return False  # the object has not arrived yet, or another attempt has removed it
        video = NewVideo(
            id=video_id,
            task_id=uuid.uuid4(),
            player_id=upload.player_id,
            title=upload.title,
            original_key=original_key(video_id),
            original_bytes=upload.size_bytes,
            original_crc32=crc32,
            request_id=request_id,
            traceparent=traceparent,
        )
        return self._decide(upload, video)

    def _join_parts(self, upload: OwnUpload) -> None:
        """Make one object of the parts of a resumable upload. Raises ObjectMissing when parts are missing."""
        if upload.multipart_id is None:
            return
        key = inbox_key(upload.id)
        try:
            received = self._inbox.received_parts(key, upload.multipart_id)
        except ObjectMissing:
            return  # another attempt has joined them: the object exists
        by_part = {item.part: item for item in received}
        wanted = plan_parts(upload.size_bytes)
        if not by_part.keys() >= set(wanted):
            raise ObjectMissing(f"parts of upload {upload.id} are missing")
        try:
            self._inbox.join_parts(key, upload.multipart_id, [by_part[part] for part in wanted])
        except ObjectMissing:
            return

    def _decide(self, upload: OwnUpload, video: NewVideo) -> bool:
        """Judge the copy, and complete or refuse the upload unless it is decided. True if the copy became the video."""
        fault = fault_of(self._media, video.original_key, upload.size_bytes)
        with self._database.writing() as connection:
            uploaded_at = None if fault else accept(connection, upload.id, video)
            is_decided_here = refuse(connection, upload.id, fault) if fault else uploaded_at is not None
        if uploaded_at is None:
            self._discard(video.original_key)
        else:
            message = "message sent" if self._outbox.send(Entry.of_new(video, uploaded_at)) else UNSENT
            log.info("upload %s became video %s; %s", upload.id, video.id, message, extra={"video_id": str(video.id)})
        if is_decided_here:
            if fault:
                log.info("upload %s refused: %s", upload.id, fault)
            self._discard(inbox_key(upload.id))
        return uploaded_at is not None

    def _discard(self, key: str) -> None:
        try:
            self._media.delete(key)
        except Unavailable as error:
            log.warning("object %s of a decided upload not removed: %s", key, error)
