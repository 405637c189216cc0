"""Requests that players send to the API, and a function that reads its errors."""

from pathlib import Path
from typing import Any

import httpx

from tests.service.conftest import Contest


def upload(client: httpx.Client, clip: Path | bytes, title: str = "Mi jugada") -> httpx.Response:
    content = clip if isinstance(clip, bytes) else clip.read_bytes()
    return client.post(
        "/api/videos/upload", data={"title": title}, files={"video_file": ("clip.mp4", content, "video/mp4")}
    )


def uploaded(client: httpx.Client, clip: Path, title: str = "Mi jugada") -> dict[str, Any]:
    answer = upload(client, clip, title)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def processed(contest: Contest, clip: Path, **fields: str) -> tuple[httpx.Client, str]:
    """The client of a new player, and the id of this player's video, which is open for voting."""
    client = contest.sign_up(**fields)
    body = uploaded(client, clip)
    contest.process(body["video_id"], body["task_id"])
    return client, body["video_id"]


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error. The clients check the shape of each answer."""
    return answer.status_code, answer.json()["code"]
