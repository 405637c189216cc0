"""Direct uploads as answers of the API: their state, and where the client sends the bytes."""

from typing import Literal

from service.answers import DirectUploadState, UploadPart
from service.views import utc
from showcase.clips.clip_rules import unacceptable
from showcase.database.tables import UploadStatus
from showcase.errors import ObjectMissing
from showcase.uploads.direct_uploads import OwnUpload, inbox_key, plan_parts
from showcase.uploads.inbox import Inbox

ShownStatus = Literal["open", "expired", "completed", "refused"]


class UploadViews:
    """Shows uploads. Their links expire after ``link_seconds``, and never later than the upload."""

    def __init__(self, inbox: Inbox, link_seconds: int) -> None:
        self._inbox = inbox
        self._link_seconds = link_seconds

    def upload(self, upload: OwnUpload) -> DirectUploadState:
        """The state of an upload. While it is open, also where the bytes go."""
        status = _shown_status(upload)
        view: DirectUploadState = {
            "upload_id": str(upload.id),
            "status": status,
            "title": upload.title,
            "size_bytes": upload.size_bytes,
            "expires_at": utc(upload.expires_at),
        }
        if status == "open":
            self._add_links(view, upload)
        elif upload.refusal_code:
            view["code"] = upload.refusal_code
            view["message"] = unacceptable(upload.refusal_code).reason
        elif upload.video_id:
            view["video_id"] = str(upload.video_id)
            view["task_id"] = str(upload.task_id)
        return view

    def _add_links(self, view: DirectUploadState, upload: OwnUpload) -> None:
        seconds_left = int(upload.seconds_left)
        link_seconds = min(self._link_seconds, seconds_left)
        view["expires_in"] = seconds_left
        view["links_expire_in"] = link_seconds
        if upload.multipart_id is None:
            form = self._inbox.form(inbox_key(upload.id), upload.size_bytes, seconds=link_seconds)
            view["url"] = form.url
            view["fields"] = dict(form.fields)
        else:
            view["parts"] = self._parts(upload, upload.multipart_id, link_seconds)

    def _parts(self, upload: OwnUpload, multipart_id: str, seconds: int) -> list[UploadPart]:
        key = inbox_key(upload.id)
        parts = plan_parts(upload.size_bytes)
        try:
            received = {item.part for item in self._inbox.received_parts(key, multipart_id)}
        except ObjectMissing:
            received = set(parts)  # all parts have arrived and are joined: the client only has to complete
        views: list[UploadPart] = []
        for part in parts:
            view: UploadPart = {
                "number": part.number,
                "size_bytes": part.size_bytes,
                "received": part in received,
            }
            if part not in received:
                view["url"] = self._inbox.part_link(key, multipart_id, part, seconds=seconds)
            views.append(view)
        return views


def _shown_status(upload: OwnUpload) -> ShownStatus:
    """The status for the client. An open upload whose time is over is shown as expired."""
    if upload.status == UploadStatus.OPEN:
        return "open" if upload.seconds_left >= 1 else "expired"
    return "completed" if upload.status == UploadStatus.COMPLETED else "refused"
