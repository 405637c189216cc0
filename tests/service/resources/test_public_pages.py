"""Public lists, the ranking and voting, over real HTTP, on SQLite and on PostgreSQL."""

import uuid
from pathlib import Path

import pytest

from tests.service.conftest import Contest
from tests.service.player_requests import error, processed, uploaded


class TestPublic:
    def test_lists_only_videos_that_are_open_for_voting_and_never_an_email(self, contest: Contest, clip: Path) -> None:
        client, video_id = processed(contest, clip)
        uploaded(client, clip)
        answer = contest.client().get("/api/public/videos")
        (item,) = answer.json()
        assert set(item) == {
            "video_id", "title", "username", "city", "votes", "uploaded_at", "processed_at", "processed_url"
        }  # fmt: skip
        assert (item["video_id"], item["username"], item["votes"]) == (video_id, "Laura Gómez", 0)
        assert "@" not in answer.text

    def test_a_vote_counts_once(self, contest: Contest, clip: Path) -> None:
        owner, video_id = processed(contest, clip)
        voter = contest.sign_up()
        path = f"/api/public/videos/{video_id}/vote"
        assert voter.post(path).json() == {"message": "Voto registrado exitosamente."}
        second = voter.post(path)
        assert error(second) == (400, "already_voted")
        assert second.json()["message"] == "Ya has votado por este video."
        assert owner.get(f"/api/videos/{video_id}").json()["votes"] == 1

    def test_voting_for_a_video_that_is_not_open_is_not_found(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        waiting = uploaded(client, clip)["video_id"]
        for video_id in (waiting, str(uuid.uuid4()), "no-uuid"):
            answer = client.post(f"/api/public/videos/{video_id}/vote")
            assert error(answer) == (404, "video_not_found")
            assert answer.json()["message"] == "Video no encontrado."

    @pytest.mark.parametrize("path", ["/api/public/rankings", "/api/public/ranking", "/api/public/rankings/"])
    def test_the_ranking_has_exactly_its_four_fields(self, contest: Contest, clip: Path, path: str) -> None:
        _, video_id = processed(contest, clip)
        contest.sign_up().post(f"/api/public/videos/{video_id}/vote")
        answer = contest.client().get(path)
        assert answer.json() == [{"position": 1, "username": "Laura Gómez", "city": "Bogotá", "votes": 1}]
        assert contest.client().get(path, params={"city": "Cali"}).json() == []

    def test_a_name_that_no_city_can_have_is_refused(self, contest: Contest) -> None:
        for city in ("%00", "x" * 101):
            assert error(contest.client().get(f"/api/public/rankings?city={city}")) == (400, "bad_parameter")
