"""The content of the record of one request. Ids and sizes are properties, never dimensions."""

import json
import uuid
from pathlib import Path
from typing import Any

from tests.service.conftest import Contest
from tests.service.player_requests import uploaded

DIMENSIONS = [["Service"], ["Service", "Route"]]


def records(contest: Contest) -> list[dict[str, Any]]:
    contest.recorded.datapoints()
    return [json.loads(line) for line in contest.recorded.path.read_text().splitlines() if '"Requests"' in line]


def test_a_record_says_route_method_status_latency_sizes_and_id(contest: Contest, clip: Path) -> None:
    client = contest.sign_up()
    client.headers["X-Request-Id"] = "la-peticion-1"
    video_id = uploaded(client, clip)["video_id"]
    answer = client.get(f"/api/videos/{video_id}")
    upload, detail = records(contest)[-2:]
    assert (upload["Route"], upload["status"], upload["status_class"]) == ("POST /api/videos/upload", 201, "2xx")
    assert upload["request_bytes"] > upload["UploadBytes"] == clip.stat().st_size
    assert {name: detail[name] for name in ("Route", "method", "status", "status_class", "request_id")} == {
        "Route": "GET /api/videos/{video_id}",
        "method": "GET",
        "status": 200,
        "status_class": "2xx",
        "request_id": "la-peticion-1",
    }
    assert (detail["request_bytes"], detail["response_bytes"]) == (0, len(answer.content))
    assert detail["Latency"] > 0
    assert [directive["Dimensions"] for directive in detail["_aws"]["CloudWatchMetrics"]] == [DIMENSIONS]


def test_errors_and_what_clients_invent_are_recorded_without_new_metrics(contest: Contest) -> None:
    client = contest.client()
    answers = [client.request("INVENTED", "/api/videos"), client.get(f"/wp-admin/{uuid.uuid4()}")]
    found = records(contest)
    assert [(record["Route"], record["status"], record["status_class"]) for record in found] == [
        ("none", answer.status_code, "4xx") for answer in answers
    ]
    assert [record["response_bytes"] for record in found] == [len(answer.content) for answer in answers]


def test_no_secret_of_a_player_is_recorded(contest: Contest) -> None:
    client = contest.sign_up(email="laura@example.com", password1="muy-secreta-1", password2="muy-secreta-1")
    client.get("/api/videos")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    text = json.dumps(records(contest))
    assert not any(secret in text for secret in ("laura@", "muy-secreta", token))
