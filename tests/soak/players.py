"""Players: they upload, look at their videos, vote and delete through the API, and journal every answer."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.soak.calls import Caller
from tests.soak.clips import Kind, content_of
from tests.soak.journal import End, Journal
from tests.soak.uploading import Way, upload

PAUSE_SECONDS_MIN = 0.2  # between two uploads
CLIPS_OF_100 = {Kind.PLAIN: 82, Kind.LARGE: 2, Kind.CRASHING: 5, Kind.DAMAGED: 3, Kind.CUT: 3, Kind.REAL: 5}
WAYS_OF_100 = {Way.FORM: 50, Way.DIRECT: 25, Way.RESUMABLE: 25}
NEW_DELETED = 0.06  # of the uploads, while the video is in work
OLD_DELETED = 0.02  # of the uploads; most of these videos are published, so their owner may not delete them
VOTES_PER_UPLOAD = 0.4  # far below the limit on votes of one player
LIST_MAX = 100
LOOKED_AT = 10  # of the newest videos
PASSWORD = "Baloncesto-2026"


@dataclass
class UploadControl:
    """Tells all players what to upload."""

    large_clips_only: threading.Event
    is_backlog_full: Callable[[], bool]  # no more uploads while this is true
    has_real_encodes: bool = True


class Player:
    """One player with an account, in a thread of its own. The seed decides what it does, in which order."""

    def __init__(
        self, name: str, seed: str, api_urls: Sequence[str], journal: Journal, base: bytes, control: UploadControl
    ) -> None:
        self.name = name
        self.accepted: list[str] = []  # the ids of the videos
        self._choose = random.Random(f"{seed}-{name}")
        self._titles = f"{seed}-{name}"
        self._uploads = 0
        self._base = base
        self._control = control
        # How many calls an upload takes depends on timing. It must not change what the player does next.
        self._caller = Caller(name, api_urls, journal, random.Random(f"{seed}-{name}-calls"))

    def sign_up(self) -> None:
        """Open the account and log in. Call it before the faults begin."""
        email = f"{uuid.uuid4().hex}@example.com"
        body = {"first_name": self.name, "last_name": "Gómez", "email": email, "city": "Bogotá", "country": "Colombia"}
        self._caller.sign_up(body | {"password1": PASSWORD, "password2": PASSWORD})
        self._caller.log_in(email, PASSWORD)

    def run(self, interval_seconds: float, is_over: Callable[[], bool]) -> None:
        """Upload once in each interval, and look, vote and delete now and then. Late uploads follow without a pause."""
        due = time.monotonic()
        while not is_over():
            due += interval_seconds * self._choose.uniform(0.5, 1.5)
            time.sleep(max(PAUSE_SECONDS_MIN, due - time.monotonic()))
            if self._control.is_backlog_full():
                continue
            video_id = self._upload()
            self._look_at_one()
            if self._choose.random() < VOTES_PER_UPLOAD:
                self._vote()
            if self._choose.random() < NEW_DELETED and video_id:
                time.sleep(self._choose.uniform(0, 1.5))
                self._delete(video_id)
            if self._choose.random() < OLD_DELETED and self.accepted:
                self._delete(self._choose.choice(self.accepted))
            self.look_at_all()

    def look_at_all(self) -> None:
        """Read the list of the player's own videos."""
        self._caller.call("list own", "GET", f"/api/videos?limit={LIST_MAX}", learn=_seen_in_list)

    def close(self) -> None:
        self._caller.close()

    def _upload(self) -> str:
        """Upload a clip; return the id of its video, or nothing."""
        self._uploads += 1
        (kind,) = self._choose.choices(list(CLIPS_OF_100), list(CLIPS_OF_100.values()))
        (way,) = self._choose.choices(list(WAYS_OF_100), list(WAYS_OF_100.values()))
        if kind is Kind.REAL and not self._control.has_real_encodes:
            kind = Kind.PLAIN
        if self._control.large_clips_only.is_set():
            kind, way = Kind.LARGE, Way.FORM if way is Way.DIRECT else way
        title = f"{self._titles}-{self._uploads:04}-{kind}"
        uploaded = upload(self._caller, way, title, content_of(title, self._base))
        if uploaded.end is End.OK:
            self.accepted.append(uploaded.video_id)
        return uploaded.video_id

    def _look_at_one(self) -> None:
        if not self.accepted:
            return
        video_id = self._choose.choice(self.accepted[-LOOKED_AT:])
        self._caller.call("look", "GET", f"/api/videos/{video_id}", {"video_id": video_id}, _seen)

    def _vote(self) -> None:
        """Vote for one of the newest videos; often this player has voted for it already."""
        choice = self._choose.randrange(10)
        videos = self._caller.call("list public", "GET", f"/api/public/videos?limit=1&offset={choice}").document
        for video in videos if isinstance(videos, list) else []:
            video_id = video["video_id"]
            self._caller.call("vote", "POST", f"/api/public/videos/{video_id}/vote", {"video_id": video_id})

    def _delete(self, video_id: str) -> None:
        self._caller.call("delete", "DELETE", f"/api/videos/{video_id}", {"video_id": video_id})


SEEN = ("status", "processed_at", "votes", "failure_code", "failure_reason")


def _seen(video: Mapping[str, Any]) -> dict[str, Any]:
    return {"seen": {name: video[name] for name in SEEN if name in video}}


def _seen_in_list(videos: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the owner's list shows. A list that is not full shows all videos."""
    return {
        "listed": {video["video_id"]: _seen(video)["seen"] for video in videos},
        "is_whole": len(videos) < LIST_MAX,
    }
