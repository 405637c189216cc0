"""Players: they upload, vote and delete through the API, and journal every answer."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.soak.clips import Kind, body_of
from tests.soak.journal import End, Journal

ANSWER_SECONDS = 30.0
PAUSE_SECONDS = 0.2  # at least, between two turns
# Of a hundred clips.
SHARES = {Kind.PLAIN: 87, Kind.LARGE: 2, Kind.CRASHING: 5, Kind.DAMAGED: 3, Kind.CUT: 3}
DELETES = 0.06  # of the uploads, while they are in work
VOTES = 0.4  # for each upload
PASSWORD = "Baloncesto-2026"

Answer = dict[str, Any]


@dataclass
class Wishes:
    """What the nemesis asks of the players."""

    large: threading.Event  # large clips, as long as it is set
    enough_waits: Callable[[], bool]  # no more uploads for the moment


class Player:
    """One player with an account, in a thread of their own. The seed decides what they do, in which order."""

    def __init__(self, name: str, seed: str, api_url: str, journal: Journal, base: bytes, wishes: Wishes) -> None:
        self.name = name
        self.accepted = 0
        self._choose = random.Random(f"{seed}-{name}")
        self._titles = f"{seed}-{name}"
        self._uploads = 0
        self._journal = journal
        self._base = base
        self._wishes = wishes
        self._http = httpx.Client(base_url=api_url, timeout=ANSWER_SECONDS)
        self._pause = threading.Event()  # nobody sets it: it only waits

    def sign_up(self) -> None:
        """Before the faults begin."""
        email = f"{uuid.uuid4().hex}@example.com"
        body = {"first_name": self.name, "last_name": "Gómez", "email": email, "city": "Bogotá", "country": "Colombia"}
        passwords = {"password1": PASSWORD, "password2": PASSWORD}
        self._http.post("/api/auth/signup", json=body | passwords).raise_for_status()
        answer = self._http.post("/api/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def play(self, interval_seconds: float, over: Callable[[], bool]) -> None:
        """One upload in each interval, and what goes with it, until it is over; what was missed is caught up with."""
        due = time.monotonic()
        while not over():
            due += interval_seconds * self._choose.uniform(0.5, 1.5)
            self._pause.wait(max(PAUSE_SECONDS, due - time.monotonic()))
            if not self._wishes.enough_waits():
                self._take_a_turn()
        self._http.close()

    def _take_a_turn(self) -> None:
        video_id = self._upload()
        if self._choose.random() < VOTES:
            self._vote()
        if self._choose.random() < DELETES and video_id:
            self._pause.wait(self._choose.uniform(0, 1.5))
            self._ask("delete", "DELETE", f"/api/videos/{video_id}", video_id=video_id)

    def _upload(self) -> str | None:
        self._uploads += 1
        (kind,) = self._choose.choices(list(SHARES), list(SHARES.values()))
        title = f"{self._titles}-{self._uploads:04}-{Kind.LARGE if self._wishes.large.is_set() else kind}"
        clip = (f"{title}.mp4", body_of(title, self._base), "video/mp4")
        answer = self._ask(
            "upload", "POST", "/api/videos/upload", title=title, data={"title": title}, files={"video_file": clip}
        )
        if answer is None:
            return None
        self.accepted += 1
        return str(answer["video_id"])

    def _vote(self) -> None:
        """For one of the newest videos; often it has the vote already."""
        choice = self._choose.randrange(10)
        videos = self._ask("list", "GET", f"/api/public/videos?limit=1&offset={choice}")
        for video in videos or []:
            video_id = video["video_id"]
            self._ask("vote", "POST", f"/api/public/videos/{video_id}/vote", video_id=video_id)

    def _ask(self, what: str, method: str, path: str, title: str = "", video_id: str = "", **body: Any) -> Any:
        """The answer's document if it was carried out, else None; journalled in any case."""
        about = {key: value for key, value in (("title", title), ("video_id", video_id)) if value}
        self._journal.note(self.name, what, **about)
        end, status, answer = self._send(method, path, **body)
        if end is End.OK and what == "upload":
            about["video_id"] = answer["video_id"]
        code = answer.get("code") if isinstance(answer, dict) else None
        self._journal.note(self.name, what, end=end, status=status, **about, **({"code": code} if code else {}))
        return answer if end is End.OK else None

    def _send(self, method: str, path: str, **body: Any) -> tuple[End, int | str, Any]:
        try:
            answer = self._http.request(method, path, **body)
        except httpx.ConnectError as error:
            return End.FAILED, repr(error), None
        except httpx.TransportError as error:
            return End.UNKNOWN, repr(error), None
        if answer.is_server_error:
            return End.UNKNOWN, answer.status_code, None
        return (End.OK if answer.is_success else End.REFUSED), answer.status_code, answer.json()
