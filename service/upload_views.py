"""Direct uploads as JSON: how one stands, and where its bytes go."""

from service.views import utc
from showcase.clips.clip_rules import unacceptable
from showcase.database.tables import UploadStatus
from showcase.errors import ObjectMissing
from showcase.uploads.direct_uploads import OwnUpload, Part, inbox_key, plan_parts
from showcase.uploads.inbox import Inbox


class UploadViews:
    """Shows uploads with links to send their bytes to, that live ``link_seconds`` and never longer than the upload."""

    def __init__(self, inbox: Inbox, link_seconds: int) -> None:
        self._inbox = inbox
        self._link_seconds = link_seconds

    def upload(self, upload: OwnUpload) -> dict[str, object]:
        """How an upload stands; while it is open, also where its bytes go."""
        is_open = upload.status == UploadStatus.OPEN and upload.seconds_left >= 1
        view: dict[str, object] = {
            "upload_id": str(upload.id),
            "status": _status(upload, is_open),
            "title": upload.title,
            "size_bytes": upload.size_bytes,
            "expires_at": utc(upload.expires_at),
        }
        return view | (self._links(upload) if is_open else _outcome(upload))

    def _links(self, upload: OwnUpload) -> dict[str, object]:
        left = int(upload.seconds_left)
        seconds = min(self._link_seconds, left)
        lives: dict[str, object] = {"expires_in": left, "links_expire_in": seconds}
        if upload.multipart_id is None:
            form = self._inbox.form(inbox_key(upload.id), upload.size_bytes, seconds=seconds)
            return lives | {"url": form.url, "fields": form.fields}
        return lives | {"parts": self._parts(upload, upload.multipart_id, seconds)}

    def _parts(self, upload: OwnUpload, multipart_id: str, seconds: int) -> list[dict[str, object]]:
        key = inbox_key(upload.id)
        parts = plan_parts(upload.size_bytes)
        try:
            received = {item.part for item in self._inbox.received_parts(key, multipart_id)}
        except ObjectMissing:
            received = set(parts)  # all were there and are one object now: what is left is to complete the upload

        def view(part: Part) -> dict[str, object]:
            shown: dict[str, object] = {"number": part.number, "size_bytes": part.size_bytes}
            if part in received:
                return shown | {"received": True}
            return shown | {"received": False, "url": self._inbox.part_link(key, multipart_id, part, seconds=seconds)}

        return [view(part) for part in parts]


def _status(upload: OwnUpload, is_open: bool) -> str:
    return "expired" if upload.status == UploadStatus.OPEN and not is_open else upload.status


def _outcome(upload: OwnUpload) -> dict[str, object]:
    if upload.refusal_code:
        return {"code": upload.refusal_code, "message": unacceptable(upload.refusal_code).reason}
    if upload.video_id:
        return {"video_id": str(upload.video_id), "task_id": str(upload.task_id)}
    return {}
