"""An HTTP client of the API, written as a contestant's own program would be."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

UPLOAD_SECONDS = 600.0


class RefusedByApi(Exception):
    """The API answered with an error status. The message holds the request, the status and the API's message."""


class ProgressFile:
    """A file that reports to ``on_bytes`` how many bytes each read has returned."""

    def __init__(self, path: Path, on_bytes: Callable[[int], None]) -> None:
        self._file = path.open("rb")
        self._on_bytes = on_bytes
        self.name = path.name

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._on_bytes(len(data))
        return data

    def fileno(self) -> int:
        return self._file.fileno()

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(64 * 1024):
            yield data

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class PlayerAccount:
    """The data of an account that is made up for a demonstration or a test."""

    first_name: str
    last_name: str
    email: str
    city: str
    password: str = "Baloncesto-2026"  # noqa: S105 - of an account that lives for one run


class ApiClient:
    """The API as one account uses it. Every call raises RefusedByApi or httpx.HTTPError."""

    def __init__(self, api_url: str) -> None:
        self._http = httpx.Client(base_url=api_url, timeout=30)

    def sign_up(self, account: PlayerAccount) -> None:
        body = {
            "first_name": account.first_name,
            "last_name": account.last_name,
            "email": account.email,
            "password1": account.password,
            "password2": account.password,
            "city": account.city,
            "country": "Colombia",
        }
        _checked(self._http.post("/api/auth/signup", json=body))

    def log_in(self, account: PlayerAccount) -> None:
        """Log in; all later calls send the token of this account."""
        answer = _checked(
            self._http.post("/api/auth/login", json={"email": account.email, "password": account.password})
        )
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def upload(self, clip: Path, title: str, on_bytes: Callable[[int], None] = lambda _count: None) -> str:
        """Upload a clip by form; return the id of the video. ``on_bytes`` gets the size of each read of the file."""
        source = ProgressFile(clip, on_bytes)
        try:
            answer = self._http.post(
                "/api/videos/upload",
                data={"title": title},
                files={"video_file": (clip.name, source, "video/mp4")},  # type: ignore[dict-item]
                timeout=UPLOAD_SECONDS,
            )
        finally:
            source.close()
        return str(_checked(answer)["video_id"])

    def video(self, video_id: str) -> dict[str, Any]:
        return dict(_checked(self._http.get(f"/api/videos/{video_id}")))

    def videos(self) -> list[dict[str, Any]]:
        return list(_checked(self._http.get("/api/videos")))

    def vote(self, video_id: str) -> None:
        _checked(self._http.post(f"/api/public/videos/{video_id}/vote"))

    def ranking(self) -> list[dict[str, Any]]:
        return list(_checked(self._http.get("/api/public/rankings")))

    def save(self, url: str, target: Path) -> None:
        """Download a presigned link into a file. Raises httpx.HTTPError."""
        with httpx.stream("GET", url, timeout=UPLOAD_SECONDS) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for data in answer.iter_bytes():
                file.write(data)

    def close(self) -> None:
        self._http.close()


@contextmanager
def signed_in_client(api_url: str, account: PlayerAccount | None = None) -> Iterator[ApiClient]:
    """A client that has signed up and logged in as ``account`` (default: a player with a new address)."""
    account = account or PlayerAccount("Laura", "Gómez", f"laura.{uuid.uuid4().hex}@example.com", "Bogotá")
    with closing(ApiClient(api_url)) as client:
        client.sign_up(account)
        client.log_in(account)
        yield client


def _checked(answer: httpx.Response) -> Any:
    """The JSON of the answer. Raises RefusedByApi when its status is an error."""
    if answer.is_success:
        return answer.json()
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError):
        message = answer.text[:200]
    raise RefusedByApi(f"{answer.request.method} {answer.request.url.path} → {answer.status_code}: {message}")
