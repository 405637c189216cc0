"""Uploads whose bytes never pass the API, over real HTTP, on SQLite and on PostgreSQL."""

import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from showcase.database.engine import database_time
from showcase.database.tables import DirectUpload, Video
from showcase.uploads.direct_uploads import LATE_SECONDS, OPEN_MAX
from tests.service.conftest import UPLOAD_BYTES_MAX, Contest
from tests.service.player_requests import error, upload
from tests.service.resources.direct_upload_client import Answer, DirectClient

NOBODYS = uuid.UUID(int=7)


def move_end(contest: Contest, seconds: float) -> None:
    """Let all uploads expire in ``seconds`` from now, so that the test need not wait."""
    with contest.api.database.writing() as connection:
        connection.execute(update(DirectUpload).values(expires_at=database_time(seconds)))


class TestOpening:
    def test_tells_where_to_send_the_bytes_and_until_when(self, contest: Contest, player: DirectClient) -> None:
        opened = player.opened(1000)
        assert set(opened) == {
            "upload_id", "status", "title", "size_bytes", "expires_at", "expires_in", "links_expire_in",
            "url", "fields",
        }  # fmt: skip
        assert (opened["status"], opened["size_bytes"], opened["title"]) == ("open", 1000, "Mi jugada")
        assert opened["expires_at"].endswith("Z") and 3500 < opened["expires_in"] <= 3600
        assert opened["links_expire_in"] == contest.api.link_seconds
        assert opened["fields"]["key"] == f"inbox/{opened['upload_id']}"

    def test_a_resumable_upload_is_cut_into_parts(self, player: DirectClient) -> None:
        opened = player.opened(UPLOAD_BYTES_MAX, resumable=True)
        (part,) = opened["parts"]
        assert (part["number"], part["size_bytes"], part["received"]) == (1, UPLOAD_BYTES_MAX, False)
        assert "url" not in opened and "fields" not in opened

    @pytest.mark.parametrize(
        ("fields", "code"),
        [({"title": ""}, "title_missing"), ({"title": " "}, "title_missing"), ({"title": "x" * 201}, "title_missing"),
         ({"title": "nul\0"}, "title_missing"), ({"title": 7}, "invalid_field"),
         ({"size_bytes": UPLOAD_BYTES_MAX + 1}, "clip_too_large"), ({"size_bytes": 10**40}, "clip_too_large"),
         ({"size_bytes": 0}, "invalid_field"), ({"size_bytes": -1}, "invalid_field"),
         ({"size_bytes": True}, "invalid_field"), ({"size_bytes": "5"}, "invalid_field"),
         ({"size_bytes": 1.5}, "invalid_field"), ({"resumable": 1}, "invalid_field"),
         ({"content_type": "text/html"}, "not_mp4"), ({"content_type": None}, "invalid_field")],
    )  # fmt: skip
    def test_refuses_the_same_clips_as_the_form(
        self, contest: Contest, player: DirectClient, fields: dict[str, object], code: str
    ) -> None:
        assert error(player.open(**{"size_bytes": 1000, **fields})) == (400, code)  # type: ignore[arg-type]
        with contest.api.database.reading() as connection:
            assert connection.execute(select(DirectUpload.id)).all() == []

    def test_needs_a_title_as_the_form_does(self, player: DirectClient) -> None:
        answer = player.api.post("/api/videos/uploads", json={"size_bytes": 1, "content_type": "video/mp4"})
        assert error(answer) == (400, "title_missing")

    def test_a_player_has_a_bounded_number_of_open_uploads(self, contest: Contest, player: DirectClient) -> None:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda n: player.open(1000, resumable=n % 2 == 0), range(OPEN_MAX + 6)))
        assert sorted(answer.status_code for answer in answers) == [201] * OPEN_MAX + [400] * 6
        refused = [error(answer) for answer in answers if answer.status_code == 400]
        assert set(refused) == {(400, "too_many_uploads")}
        listed = contest.emulator.s3.list_multipart_uploads(Bucket=contest.api.media.bucket)
        resumable = [answer for answer in answers if answer.is_success and "parts" in answer.json()]
        assert len(listed.get("Uploads", [])) == len(resumable), "a refused upload has left parts behind"
        assert DirectClient(contest.sign_up()).open(1000).status_code == 201, "another player is not affected"
        move_end(contest, -1)
        assert player.open(1000).status_code == 201, "an expired upload is not open"


class TestAuthorization:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ""), ("GET", f"/{NOBODYS}"), ("GET", "/no-uuid"), ("POST", f"/{NOBODYS}/complete")],
    )
    def test_is_decided_before_everything_else(self, contest: Contest, method: str, path: str) -> None:
        answer = contest.client().request(method, f"/api/videos/uploads{path}", content=b"{")
        assert error(answer) == (401, "not_authenticated")

    def test_another_players_upload_is_forbidden_and_an_unknown_one_not_found(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        stranger = DirectClient(contest.sign_up())
        for method, end in (("GET", ""), ("POST", "/complete")):
            path = f"/api/videos/uploads/{upload['upload_id']}{end}"
            assert error(stranger.api.request(method, path)) == (403, "upload_not_yours")
            for unknown in (uuid.uuid4(), "no-uuid", "%00"):
                path = f"/api/videos/uploads/{unknown}{end}"
                assert error(stranger.api.request(method, path)) == (404, "upload_not_found")
        assert contest.queued() == []


class TestCompletion:
    def test_answers_stores_and_queues_as_the_form_does(
        self, contest: Contest, player: DirectClient, content: bytes, clip: Path
    ) -> None:
        answer = player.complete(player.uploaded(content))
        assert answer.status_code == 201
        body = answer.json()
        form = upload(player.api, clip)
        assert body.keys() == form.json().keys() and body["message"] == form.json()["message"]
        assert set(contest.queued()) == {(it["video_id"], it["task_id"]) for it in (body, form.json())}
        detail, form_detail = (player.api.get(f"/api/videos/{it['video_id']}").json() for it in (body, form.json()))
        assert detail.keys() == form_detail.keys()
        assert (detail["title"], detail["status"]) == ("Mi jugada", "uploaded")
        assert player.storage.get(detail["original_url"]).content == content
        assert contest.objects() == {f"uploads/{it['video_id']}.mp4" for it in (body, form.json())}

    def test_the_row_has_size_checksum_and_request_id(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        answer = player.complete(player.uploaded(content))
        with contest.api.database.reading() as connection:
            row = connection.execute(select(Video.original_bytes, Video.original_crc32, Video.request_id)).one()
        assert tuple(row) == (len(content), zlib.crc32(content), answer.headers["X-Request-Id"])

    def test_counts_the_bytes_once(self, contest: Contest, player: DirectClient, content: bytes) -> None:
        upload = player.uploaded(content)
        for _ in range(3):
            assert player.complete(upload).status_code == 201
        assert contest.recorded.values("UploadBytes") == [len(content)]

    def test_gives_the_same_answer_each_time(self, contest: Contest, player: DirectClient, content: bytes) -> None:
        upload = player.uploaded(content)
        bodies = [player.complete(upload).json() for _ in range(3)]
        assert bodies[0] == bodies[1] == bodies[2]
        looked = player.look(upload)
        assert (looked["status"], looked["video_id"], looked["task_id"]) == (
            "completed", bodies[0]["video_id"], bodies[0]["task_id"],
        )  # fmt: skip
        assert len(contest.queued()) == 1

    def test_fifty_at_once_make_one_video_and_one_message(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda _: player.complete(upload), range(50)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        body = answers[0].json()
        assert contest.queued() == [(body["video_id"], body["task_id"])]
        assert [item["video_id"] for item in player.api.get("/api/videos").json()] == [body["video_id"]]
        assert contest.objects() == {f"uploads/{body['video_id']}.mp4"}, "copies that did not count are left"

    def test_before_the_bytes_have_arrived_is_refused_and_may_be_repeated(
        self, player: DirectClient, content: bytes
    ) -> None:
        upload = player.opened(len(content))
        assert error(player.complete(upload)) == (400, "upload_incomplete")
        assert player.post(upload, content).is_success
        assert player.complete(upload).status_code == 201

    def test_bytes_sent_to_the_link_afterwards_change_nothing(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        body = player.complete(upload).json()
        assert player.post(upload, b"x" * len(content)).is_success, "the link still works, and may"
        assert player.complete(upload).json() == body
        detail = player.api.get(f"/api/videos/{body['video_id']}").json()
        assert player.storage.get(detail["original_url"]).content == content

    @pytest.mark.parametrize(("spoil", "code"), [("text", "not_mp4"), ("truncated", "truncated")])
    def test_of_a_bad_clip_is_refused_as_the_form_refuses_it_and_the_upload_is_over(
        self, contest: Contest, player: DirectClient, content: bytes, spoil: str, code: str
    ) -> None:
        bad = {"text": b"texto" * 1000, "truncated": content[: len(content) // 2]}[spoil]
        upload = player.uploaded(bad)
        answer = player.complete(upload)
        assert error(answer) == (400, code)
        assert player.complete(upload).json() == answer.json()
        looked = player.look(upload)
        assert (looked["status"], looked["code"], looked["message"]) == ("refused", code, answer.json()["message"])
        assert contest.objects() == set() and contest.queued() == []
        assert player.api.get("/api/videos").json() == []

    def test_of_another_size_than_announced_is_refused(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        """S3 refuses such a form because of its policy. The emulator of these tests does not check the policy."""
        upload = player.opened(len(content) + 1)
        assert player.post(upload, content).is_success
        assert error(player.complete(upload)) == (400, "size_differs")
        assert contest.objects() == set()

    def test_in_time_for_bytes_that_began_to_flow_in_time_and_no_later(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        move_end(contest, -LATE_SECONDS - 5)
        assert error(player.complete(upload)) == (400, "upload_expired")
        looked = player.look(upload)
        assert looked["status"] == "expired" and "url" not in looked
        move_end(contest, -LATE_SECONDS + 60)
        assert player.complete(upload).status_code == 201

    def test_is_answered_201_although_the_queue_is_away(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        assert player.complete(upload).status_code == 201

    def test_answers_the_same_after_the_video_was_deleted(
        self, contest: Contest, player: DirectClient, content: bytes
    ) -> None:
        upload = player.uploaded(content)
        body = player.complete(upload).json()
        assert player.api.delete(f"/api/videos/{body['video_id']}").status_code == 200
        assert player.complete(upload).json() == body
        assert player.api.get("/api/videos").json() == [] and contest.objects() == set()


def test_the_bytes_never_pass_the_api(contest: Contest, player: DirectClient, content: bytes) -> None:
    """All links lead to the storage."""
    plain: Answer = player.opened(len(content))
    resumable: Answer = player.opened(len(content), resumable=True)
    for url in (plain["url"], *(part["url"] for part in resumable["parts"])):
        assert url.startswith(contest.emulator.url)
