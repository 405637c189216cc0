"""Health checks, and requests that reach no operation."""

from pathlib import Path

from tests.service.conftest import Contest
from tests.service.player_requests import error, upload


class TestHealthAndUnknownPaths:
    def test_ready_asks_the_dependencies(self, contest: Contest) -> None:
        for path in ("/health", "/api/health/ready"):
            answer = contest.client().get(path)
            assert answer.status_code == 200 and answer.json()["status"] == "healthy"
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        answer = contest.client().get("/health")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": "ok", "queue": "unavailable", "storage": "ok"}

    def test_live_asks_no_dependency(self, contest: Contest) -> None:
        assert contest.client().get("/api/health/live").json() == {"status": "alive"}

    def test_unknown_paths_and_methods_have_the_same_shape_of_error(self, contest: Contest) -> None:
        client = contest.client()
        assert error(client.get("/api/nada")) == (404, "not_found")
        answer = client.put("/api/videos")
        assert error(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"

    def test_a_dependency_that_is_away_is_503_with_retry_after_and_no_details(
        self, contest: Contest, clip: Path
    ) -> None:
        client = contest.sign_up()
        contest.emulator.s3.delete_bucket(Bucket=contest.api.media.bucket)
        answer = upload(client, clip)
        assert error(answer) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "bucket" not in answer.text
