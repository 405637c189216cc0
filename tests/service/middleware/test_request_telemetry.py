"""Each request is counted in the metrics, has an id, and is a span of a trace."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from telemetry.catalogue import HEALTH_PROBES
from tests.service.conftest import Contest
from tests.service.player_requests import uploaded
from tests.service.resources.direct_upload_client import DirectClient

TRACE, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = f"00-{TRACE}-{CALLERS_SPAN}-01"


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
        text = contest.recorded.path.read_text()
        assert text.count(video_id) == text.count(f'"video_id": "{video_id}"') == 1, "only the property of the upload"
        assert contest.recorded.values("ClientErrors") == [0, 0, 0, 0, 1, 1, 1]
        assert contest.recorded.values("ServerErrors") == [0] * 7
        assert contest.recorded.values("UploadBytes") == [clip.stat().st_size]
        assert all(latency > 0 for latency in contest.recorded.values("Latency"))

    def test_a_health_probe_is_counted_as_a_request_and_in_no_rate_of_the_callers(self, contest: Contest) -> None:
        probes = [route.path for route in HEALTH_PROBES]
        client = contest.client()
        for path in probes:
            client.get(path)
            client.head(path)
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        assert client.get("/api/health/ready").status_code == 503
        client.get("/api/public/videos")
        assert contest.recorded.values("Requests") == [1] * (2 * len(probes) + 2)
        for name in ("Latency", "ClientErrors", "RateLimited", "ServerErrors"):
            routes = {
                dict(point.dimensions).get("Route") for point in contest.recorded.datapoints() if point.name == name
            }
            assert routes == {None, "GET /api/public/videos"}, name
            assert len(contest.recorded.values(name)) == 1, name

    def test_the_request_id_is_answered_and_taken_over_only_if_well_formed(self, contest: Contest) -> None:
        client = contest.client()
        taken = client.get("/api/health/live", headers={"X-Request-Id": "mi-peticion-1"})
        assert taken.headers["X-Request-Id"] == "mi-peticion-1"
        for forged in ("corto", "x" * 65, "con espacios dentro", "<script>"):
            answer = client.get("/api/health/live", headers={"X-Request-Id": forged})
            assert answer.headers["X-Request-Id"] != forged

    def test_a_well_formed_traceparent_is_continued_and_any_other_begins_a_trace(self, contest: Contest) -> None:
        client = contest.client()
        sent = [
            [("traceparent", CALLER)],
            [("TraceParent", CALLER)],
            [("traceparent", CALLER.upper())],
            [("traceparent", CALLER), ("traceparent", CALLER)],
            [("traceparent", ""), ("tracestate", "vendor=1")],
            [],
        ]
        for headers in sent:
            answer = client.get("/api/health/live", headers=headers)
            assert not {"traceparent", "tracestate"} & set(answer.headers)
        spans = [span_of(line) for line in recorded_requests(contest)]
        assert [(trace_id == TRACE, parent_id) for trace_id, _, parent_id in spans] == [
            *[(True, CALLERS_SPAN)] * 2,
            *[(False, None)] * 4,
        ]
        assert len({span_id for _, span_id, _ in spans}) == len(sent)

    @pytest.mark.parametrize("way", ["form", "direct"])
    def test_the_ids_of_an_upload_travel_with_the_message(self, contest: Contest, clip: Path, way: str) -> None:
        client = contest.sign_up()
        client.headers.update({"X-Request-Id": "upload-request-1", "traceparent": CALLER})
        if way == "form":
            video_id = uploaded(client, clip)["video_id"]
        else:
            direct = DirectClient(client)
            video_id = direct.complete(direct.uploaded(clip.read_bytes())).json()["video_id"]
            direct.storage.close()
        (delivery,) = contest.api.queue.receive(1)
        assert delivery.request_id == "upload-request-1"
        request = recorded_requests(contest)[-1]
        trace_id, span_id, parent_id = span_of(request)
        assert (trace_id, parent_id, request["video_id"]) == (TRACE, CALLERS_SPAN, video_id)
        assert delivery.traceparent == f"00-{TRACE}-{span_id}-01", "the parent of the job is the span of the request"


def recorded_requests(contest: Contest) -> list[dict[str, Any]]:
    contest.recorded.datapoints()
    lines = map(json.loads, contest.recorded.path.read_text().splitlines())
    return [line for line in lines if line["Record"] == "ApiRequest"]


def span_of(record: dict[str, Any]) -> tuple[str, str, str | None]:
    """The ids of trace, span and parent."""
    return record["trace_id"], record["span_id"], record.get("parent_id")
