"""Uploading a clip by form over real HTTP, on SQLite and on PostgreSQL."""

from pathlib import Path

import httpx
import pytest

from showcase.jobs.job_message import parse_message
from tests.service.conftest import UPLOAD_BYTES_MAX, Contest
from tests.service.player_requests import error, upload, uploaded


class TestUpload:
    def test_accepts_a_clip_stores_it_and_queues_it(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        assert body["message"] == "Video subido correctamente. Procesamiento en curso."
        (delivery,) = contest.api.queue.receive(10)
        message = parse_message(delivery.body)
        assert (str(message.video_id), str(message.task_id)) == (body["video_id"], body["task_id"])
        detail = client.get(f"/api/videos/{body['video_id']}").json()
        assert httpx.get(detail["original_url"]).content == clip.read_bytes()

    def test_takes_the_parts_of_the_form_in_any_order(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        files = [("video_file", ("c.mp4", clip.read_bytes())), ("title", (None, b"Al final"))]
        answer = client.post("/api/videos/upload", files=files)
        assert answer.status_code == 201
        assert client.get("/api/videos").json()[0]["title"] == "Al final"

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"", "not_mp4"), (b"texto" * 1000, "not_mp4"), (b"#EXTM3U\n" * 50, "not_mp4")],
    )
    def test_refuses_a_file_that_is_not_a_clip_and_stores_nothing(
        self, contest: Contest, content: bytes, code: str
    ) -> None:
        client = contest.sign_up()
        assert error(upload(client, content)) == (400, code)
        self._nothing_is_left(contest, client)

    def test_refuses_a_truncated_clip_and_keeps_nothing(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        data = clip.read_bytes()
        answer = upload(client, data[: len(data) // 2])
        assert error(answer) == (400, "truncated")
        assert "incompleto" in answer.json()["message"]
        self._nothing_is_left(contest, client)

    @pytest.mark.parametrize("title", ["", "   ", "x" * 201, "nul\0"])
    def test_refuses_a_bad_title_and_keeps_nothing(self, contest: Contest, clip: Path, title: str) -> None:
        client = contest.sign_up()
        assert error(upload(client, clip, title)) == (400, "title_missing")
        self._nothing_is_left(contest, client)

    def test_refuses_a_form_without_title_or_without_file(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        only_file = client.post("/api/videos/upload", files={"video_file": ("c.mp4", clip.read_bytes(), "video/mp4")})
        only_title = client.post("/api/videos/upload", files={"title": (None, b"x")})
        no_form = client.post("/api/videos/upload", json={"title": "x"})
        assert error(only_file) == (400, "title_missing")
        assert error(only_title) == (400, "video_file_missing")
        assert error(no_form) == (400, "video_file_missing")
        self._nothing_is_left(contest, client)

    def test_refuses_part_headers_that_are_not_text(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = b'--b\r\nContent-Disposition: form-data; name="t\xff"\r\n\r\nx\r\n--b--\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert error(client.post("/api/videos/upload", content=body, headers=headers))[0] == 400
        self._nothing_is_left(contest, client)

    def test_refuses_a_clip_that_is_too_large(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        for size in (UPLOAD_BYTES_MAX + 1, UPLOAD_BYTES_MAX + 200_000):
            padded = clip.read_bytes() + bytes(4) + b"free"
            answer = upload(client, padded.ljust(size, b"\0"))
            assert error(answer) == (400, "clip_too_large")
        self._nothing_is_left(contest, client)

    def test_is_answered_201_although_the_queue_is_away(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        body = uploaded(client, clip)
        assert client.get(f"/api/videos/{body['video_id']}").json()["status"] == "uploaded"

    def _nothing_is_left(self, contest: Contest, client: httpx.Client) -> None:
        assert client.get("/api/videos").json() == []
        assert contest.api.queue.receive(1) == []
        assert "Contents" not in contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)
