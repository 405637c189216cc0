"""Limits on forms: few parts, short headers, short texts. File names have no effect."""

from pathlib import Path

import httpx
import pytest

from tests.service.conftest import Contest
from tests.service.player_requests import error, uploaded

BOUNDARY = "limite"


def part(name: str, content: bytes = b"x", *, headers: str = "", file_name: str | None = None) -> bytes:
    file = "" if file_name is None else f'; filename="{file_name}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{headers}\r\n'
    return head.encode() + content + b"\r\n"


def send(client: httpx.Client, *parts: bytes) -> httpx.Response:
    content = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.post("/api/videos/upload", content=content, headers=headers)


TITLE = part("title")


@pytest.mark.parametrize(
    "parts",
    [
        [TITLE, *(part(f"part{number}") for number in range(3))],
        [TITLE, part("unknown", headers=f"X-Long: {'x' * 2048}\r\n")],
        [TITLE, part("unknown", file_name="x" * 2048)],
        [TITLE, part("u" * 2048)],
        [part("title", b" " * 4096 + b"x")],
    ],
    ids=["too many parts", "too long a header", "too long a file name", "too long a name", "too long a text"],
)
def test_a_form_beyond_its_limits_is_400_and_keeps_nothing(contest: Contest, clip: Path, parts: list[bytes]) -> None:
    client = contest.sign_up()
    answer = send(client, part("video_file", clip.read_bytes(), file_name="c.mp4"), *parts)
    assert error(answer) == (400, "invalid_body")
    assert client.get("/api/videos").json() == []
    assert "Contents" not in contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)


def test_a_form_at_its_limits_is_accepted(contest: Contest, clip: Path) -> None:
    answer = send(
        contest.sign_up(),
        part("title", "ñ".encode() * 200, headers=f"X-Long: {'x' * 1900}\r\n"),
        part("video_file", clip.read_bytes(), file_name="c.mp4"),
        part("unknown"),
        part("unknown"),
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("file_name", ["../../../etc/passwd", "x" * 300, "", "CON", "a\\..\\b", "clip.mp4.exe"])
def test_the_name_of_the_file_is_ignored_and_the_key_is_the_apis(contest: Contest, clip: Path, file_name: str) -> None:
    client = contest.sign_up()
    answer = send(client, part("title"), part("video_file", clip.read_bytes(), file_name=file_name))
    assert answer.status_code == 201, answer.text
    (stored,) = contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)["Contents"]
    assert answer.json()["video_id"] in stored["Key"]
    assert ".." not in stored["Key"] and "passwd" not in stored["Key"]


def test_two_clips_in_one_form_are_refused(contest: Contest, clip: Path) -> None:
    client = contest.sign_up()
    clips = [part("video_file", clip.read_bytes(), file_name="c.mp4")] * 2
    assert error(send(client, part("title"), *clips)) == (400, "video_file_missing")
    uploaded(client, clip)
    assert len(client.get("/api/videos").json()) == 1
