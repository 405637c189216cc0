"""A player's own videos over real HTTP, on SQLite and on PostgreSQL."""

import uuid
from pathlib import Path

import httpx

from tests.service.conftest import Contest
from tests.service.player_requests import error, uploaded


class TestOwnVideos:
    def test_a_waiting_video_has_exactly_the_fields_of_the_contract(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        (item,) = client.get("/api/videos/").json()
        assert set(item) == {"video_id", "title", "status", "uploaded_at"}
        assert (item["video_id"], item["status"], item["uploaded_at"][-1]) == (video_id, "uploaded", "Z")
        detail = client.get(f"/api/videos/{video_id}").json()
        assert set(detail) == set(item) | {"original_url", "votes", "attempts", "progress"}

    def test_a_processed_video_links_its_result(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        contest.process(body["video_id"], body["task_id"])
        (item,) = client.get("/api/videos").json()
        assert item["status"] == "processed" and item["processed_at"].endswith("Z")
        assert httpx.get(item["processed_url"]).content == b"processed clip"

    def test_another_players_video_is_forbidden_and_an_unknown_one_not_found(
        self, contest: Contest, clip: Path
    ) -> None:
        video_id = uploaded(contest.sign_up(), clip)["video_id"]
        stranger = contest.sign_up()
        for method in ("GET", "DELETE"):
            assert error(stranger.request(method, f"/api/videos/{video_id}")) == (403, "video_not_yours")
            for unknown in (uuid.uuid4(), "no-uuid", "%00"):
                assert error(stranger.request(method, f"/api/videos/{unknown}")) == (404, "video_not_found")

    def test_deleting_removes_row_and_file(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        answer = client.delete(f"/api/videos/{video_id}")
        assert answer.json() == {"message": "El video ha sido eliminado exitosamente.", "video_id": video_id}
        assert error(client.get(f"/api/videos/{video_id}")) == (404, "video_not_found")
        assert "Contents" not in contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)

    def test_a_video_that_is_open_for_voting_cannot_be_deleted(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        contest.process(body["video_id"], body["task_id"])
        assert error(client.delete(f"/api/videos/{body['video_id']}")) == (400, "video_published")
