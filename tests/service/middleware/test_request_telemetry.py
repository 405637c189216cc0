"""Each request is counted in the metrics and has an id."""

import uuid
from pathlib import Path

from tests.service.conftest import Contest
from tests.service.player_requests import uploaded


class TestTelemetry:
    def test_every_request_writes_one_record_by_route_and_never_by_path(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        client.get(f"/api/videos/{video_id}")
        client.get("/api/videos/no-uuid")
        client.request("INVENTED", "/api/videos")
        client.get(f"/wp-admin/{uuid.uuid4()}")
        points = contest.recorded.datapoints()
        requests = [dict(p.dimensions)["Route"] for p in points if p.name == "Requests" and len(p.dimensions) == 2]
        assert requests == [
            "POST /api/auth/signup",
            "POST /api/auth/login",
            "POST /api/videos/upload",
            "GET /api/videos/{video_id}",
            "GET /api/videos/{video_id}",
            "none",
            "none",
        ]
        assert video_id not in contest.recorded.path.read_text().replace('"request_id"', "")
        assert contest.recorded.values("ClientErrors") == [0, 0, 0, 0, 1, 1, 1]
        assert contest.recorded.values("ServerErrors") == [0] * 7
        assert contest.recorded.values("UploadBytes") == [clip.stat().st_size]
        assert all(latency > 0 for latency in contest.recorded.values("Latency"))

    def test_the_request_id_is_answered_and_taken_over_only_if_well_formed(self, contest: Contest) -> None:
        client = contest.client()
        taken = client.get("/api/health/live", headers={"X-Request-Id": "mi-peticion-1"})
        assert taken.headers["X-Request-Id"] == "mi-peticion-1"
        for forged in ("corto", "x" * 65, "con espacios dentro", "<script>"):
            answer = client.get("/api/health/live", headers={"X-Request-Id": forged})
            assert answer.headers["X-Request-Id"] != forged

    def test_the_request_id_of_an_upload_travels_with_the_message(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        client.headers["X-Request-Id"] = "upload-request-1"
        uploaded(client, clip)
        (delivery,) = contest.api.queue.receive(1)
        assert delivery.request_id == "upload-request-1"
