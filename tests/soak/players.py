"""Players: they upload, vote and delete through the API, and journal every answer."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.soak.clips import Kind, content_of
from tests.soak.journal import End, Journal

ANSWER_SECONDS = 30.0
PAUSE_SECONDS_MIN = 0.2  # between two uploads
CLIPS_OF_100 = {Kind.PLAIN: 87, Kind.LARGE: 2, Kind.CRASHING: 5, Kind.DAMAGED: 3, Kind.CUT: 3}
DELETES_PER_UPLOAD = 0.06  # while the video is in work
VOTES_PER_UPLOAD = 0.4
PASSWORD = "Baloncesto-2026"


@dataclass
class UploadControl:
    """Tells all players what to upload."""

    large_clips_only: threading.Event
    is_backlog_full: Callable[[], bool]  # no more uploads while this is true


class Player:
    """One player with an account, in a thread of its own. The seed decides what it does, in which order."""

    def __init__(
        self, name: str, seed: str, api_url: str, journal: Journal, base: bytes, control: UploadControl
    ) -> None:
        self.name = name
        self.accepted = 0
        self._choose = random.Random(f"{seed}-{name}")
        self._titles = f"{seed}-{name}"
        self._uploads = 0
        self._journal = journal
        self._base = base
        self._control = control
        self._http = httpx.Client(base_url=api_url, timeout=ANSWER_SECONDS)

    def sign_up(self) -> None:
        """Open the account and log in. Call it before the faults begin."""
        email = f"{uuid.uuid4().hex}@example.com"
        body = {"first_name": self.name, "last_name": "Gómez", "email": email, "city": "Bogotá", "country": "Colombia"}
        passwords = {"password1": PASSWORD, "password2": PASSWORD}
        self._http.post("/api/auth/signup", json=body | passwords).raise_for_status()
        answer = self._http.post("/api/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def run(self, interval_seconds: float, is_over: Callable[[], bool]) -> None:
        """One upload an interval, and sometimes a vote and a delete. Uploads that are late are made up for."""
        due = time.monotonic()
        while not is_over():
            due += interval_seconds * self._choose.uniform(0.5, 1.5)
            time.sleep(max(PAUSE_SECONDS_MIN, due - time.monotonic()))
            if self._control.is_backlog_full():
                continue
            video_id = self._upload()
            if self._choose.random() < VOTES_PER_UPLOAD:
                self._vote()
            if self._choose.random() < DELETES_PER_UPLOAD and video_id:
                time.sleep(self._choose.uniform(0, 1.5))
                self._call("delete", "DELETE", f"/api/videos/{video_id}", video_id=video_id)
        self._http.close()

    def _upload(self) -> str | None:
        self._uploads += 1
        (kind,) = self._choose.choices(list(CLIPS_OF_100), list(CLIPS_OF_100.values()))
        if self._control.large_clips_only.is_set():
            kind = Kind.LARGE
        title = f"{self._titles}-{self._uploads:04}-{kind}"
        clip = (f"{title}.mp4", content_of(title, self._base), "video/mp4")
        answer = self._call(
            "upload", "POST", "/api/videos/upload", title=title, data={"title": title}, files={"video_file": clip}
        )
        if answer is None:
            return None
        self.accepted += 1
        return str(answer["video_id"])

    def _vote(self) -> None:
        """Vote for one of the newest videos; often this player has voted for it already."""
        choice = self._choose.randrange(10)
        videos = self._call("list", "GET", f"/api/public/videos?limit=1&offset={choice}")
        for video in videos or []:
            video_id = video["video_id"]
            self._call("vote", "POST", f"/api/public/videos/{video_id}/vote", video_id=video_id)

    def _call(self, what: str, method: str, path: str, title: str = "", video_id: str = "", **body: Any) -> Any:
        """Journal the call and its end. Return the answer's document if it was carried out, else None."""
        about = {key: value for key, value in (("title", title), ("video_id", video_id)) if value}
        self._journal.note(self.name, what, **about)
        end, status, answer = self._send(method, path, **body)
        if end is End.OK and what == "upload":
            about["video_id"] = answer["video_id"]
        code = answer.get("code") if isinstance(answer, dict) else None
        self._journal.note(self.name, what, end=end, status=status, **about, **({"code": code} if code else {}))
        return answer if end is End.OK else None

    def _send(self, method: str, path: str, **body: Any) -> tuple[End, int | str, Any]:
        """How the call ended, the status (or the error as text), and the answer's document."""
        try:
            answer = self._http.request(method, path, **body)
        except httpx.ConnectError as error:
            return End.FAILED, repr(error), None
        except httpx.TransportError as error:
            return End.UNKNOWN, repr(error), None
        if answer.is_server_error:
            return End.UNKNOWN, answer.status_code, None
        return (End.OK if answer.is_success else End.REFUSED), answer.status_code, answer.json()
