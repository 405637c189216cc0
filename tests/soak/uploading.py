"""The three ways to upload a clip, as a player's client uses them while parts of the system fail."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.service.resources.direct_upload_client import cut
from tests.soak.calls import Caller, Reply
from tests.soak.journal import End

TRIES = 4  # of sending and completing a direct upload
PAUSE_SECONDS = 1.0  # between two of them


class Way(StrEnum):
    """How the clip gets into the storage."""

    FORM = "form"  # through the API
    DIRECT = "direct"  # by a presigned form
    RESUMABLE = "resumable"  # in parts


@dataclass(frozen=True)
class Uploaded:
    """How an upload ended, and the id of its video if it was accepted."""

    end: End
    video_id: str = ""


def upload(caller: Caller, way: Way, title: str, content: bytes) -> Uploaded:
    """Upload a clip, and journal it as one ``upload`` beside its calls."""
    began = time.monotonic()
    caller.note("upload", title=title, way=way)
    uploaded = _by_form(caller, title, content) if way is Way.FORM else _directly(caller, way, title, content)
    seconds = round(time.monotonic() - began, 4)
    accepted = {"video_id": uploaded.video_id} if uploaded.video_id else {}
    caller.note("upload", title=title, way=way, end=uploaded.end, seconds=seconds, **accepted)
    return uploaded


def _by_form(caller: Caller, title: str, content: bytes) -> Uploaded:
    clip = {"video_file": (f"{title}.mp4", content, "video/mp4")}
    return _end_of(caller.call("send form", "POST", "/api/videos/upload", data={"title": title}, files=clip))


def _directly(caller: Caller, way: Way, title: str, content: bytes) -> Uploaded:
    """Open, send the bytes to the storage, complete; if something fails, ask for the state, and go on from there.

    An upload that was never asked to be completed has no video. If only its answers were lost, it may have one.
    """
    body = {"title": title, "size_bytes": len(content), "content_type": "video/mp4", "resumable": way is Way.RESUMABLE}
    opened = caller.call("open upload", "POST", "/api/videos/uploads", json=body)
    if opened.end is not End.OK:  # its id is unknown, so it cannot be completed
        is_refused = opened.end is End.REFUSED and opened.code != "too_many_uploads"
        return Uploaded(End.REFUSED if is_refused else End.FAILED)
    state = opened.document
    path = f"/api/videos/uploads/{state['upload_id']}"
    may_have_a_video = False
    for _ in range(TRIES):
        if _sent(caller, state, content):
            completed = complete(caller, state["upload_id"])
            if completed.end is End.OK or (completed.end is End.REFUSED and completed.code != "upload_incomplete"):
                return _end_of(completed)
            may_have_a_video |= completed.end is End.UNKNOWN
        time.sleep(PAUSE_SECONDS)
        found = caller.call("look at upload", "GET", path)
        state = found.document if found.end is End.OK else state
    return Uploaded(End.UNKNOWN if may_have_a_video else End.FAILED)


def complete(caller: Caller, upload_id: str) -> Reply:
    """Complete a direct upload. Doing it again returns the same video."""
    return caller.call(
        "complete upload",
        "POST",
        f"/api/videos/uploads/{upload_id}/complete",
        {"upload_id": upload_id},
        lambda document: {"video_id": document["video_id"]},
    )


def _sent(caller: Caller, state: dict[str, Any], content: bytes) -> bool:
    """Send the missing bytes. True if the storage confirmed all of them. A decided upload has no missing bytes."""
    if "fields" in state:
        clip = {"file": ("clip.mp4", content, "video/mp4")}
        return caller.send("send clip", "POST", state["url"], data=state["fields"], files=clip) is End.OK
    parts = state.get("parts", [])
    missing = [(part, piece) for part, piece in zip(parts, cut(content, parts), strict=True) if "url" in part]
    return all(caller.send("send part", "PUT", part["url"], content=piece) is End.OK for part, piece in missing)


def _end_of(reply: Reply) -> Uploaded:
    return Uploaded(reply.end, reply.document["video_id"] if reply.end is End.OK else "")
