"""The one query of the runbook shows the whole way of a video, over the logs of real processes."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clips import Clips
from tests.faults.system_under_faults import SystemUnderFaults
from tests.logs_insights.query_run import read_events, run_query
from tests.logs_insights.query_text import Event
from tests.preloaded_process import PreloadedProcess
from tests.service.conftest import signup_body
from tests.service.player_requests import upload
from tests.service.resources.direct_upload_client import DirectClient

RUNBOOK = Path(__file__).resolve().parents[2] / "docs/RUNBOOK.md"
TRACE, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
IDS = {"traceparent": f"00-{TRACE}-{CALLERS_SPAN}-01", "X-Request-Id": "upload-request-1"}


@pytest.fixture
def player(system: SystemUnderFaults) -> Iterator[httpx.Client]:
    """A player of a contest whose worker crashes once, and who has one attempt for each video."""
    system.start_api()
    system.start_worker(ANB_ATTEMPTS_MAX="1", **system.fault("before transcode", "RAISE"))
    with httpx.Client(base_url=f"http://127.0.0.1:{system.api_port}", timeout=60) as client:
        body = signup_body()
        client.post("/api/auth/signup", json=body).raise_for_status()
        login = client.post("/api/auth/login", json={"email": body["email"], "password": body["password1"]})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield client


def way_of(system: SystemUnderFaults, some_id: str) -> list[Event]:
    """The answer of the query for this id: of a video, a trace or a request."""
    section = RUNBOOK.read_text().partition("## One video, from the request to the clip")[2]
    query = re.search(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert query
    logs = [system.directory / name for name in ("emf.log", "api.log", "worker.log")]
    return run_query(query[1].replace("'ID'", f"'{some_id}'"), read_events(*logs))


def redrive(system: SystemUnderFaults) -> int:
    """Run ``python -m worker.redrive run``."""
    environment = system.environment({})
    process = PreloadedProcess("worker.redrive", ["run"], environment, system.directory / "redrive.log")
    return process.wait(60)


def status_of(player: httpx.Client, video_id: str) -> str:
    return str(player.get(f"/api/videos/{video_id}").json()["status"])


def test_the_query_shows_request_message_attempts_redrive_and_end(
    system: SystemUnderFaults, player: httpx.Client, clips: Clips
) -> None:
    answer = httpx.post(  # a request of its own, so that no other request has its ids
        f"{player.base_url}/api/videos/upload",
        data={"title": "Mi jugada"},
        files={"video_file": ("clip.mp4", clips.plain().read_bytes(), "video/mp4")},
        headers={**IDS, "Authorization": player.headers["Authorization"]},
        timeout=60,
    )
    video_id = answer.json()["video_id"]
    assert not {"traceparent", "tracestate"} & set(answer.headers)
    system.wait_until(lambda: status_of(player, video_id) == "failed", "failed after its attempt")
    assert redrive(system) == 0
    system.wait_until(lambda: status_of(player, video_id) == "processed", "processed")
    for process in system.processes:
        process.stop()

    way = way_of(system, video_id)
    assert way == way_of(system, TRACE) == way_of(system, "upload-request-1"), "one thread to pull, from any end"
    assert {(row["video_id"], row["trace_id"], row["request_id"]) for row in way} == {
        (video_id, TRACE, "upload-request-1")
    }
    records = [row for row in way if "Record" in row]
    request, *jobs = records
    assert (request["Route"], request["status"]) == ("POST /api/videos/upload", 201)
    ends = [row["outcome"] for row in jobs if row["outcome"] != "busy"]
    assert (ends[0], "exhausted" in ends, ends[-1]) == ("crashed", True, "processed")
    assert jobs[-1]["message_id"] != jobs[0]["message_id"], "the redrive sent another message"
    messages = [row["message"] for row in way if "message" in row]
    assert any(f"{video_id} accepted" in text and text.endswith("message sent") for text in messages)
    assert any("unexpected error" in text for text in messages)
    assert any(text.startswith(f"published processed/{video_id}/") for text in messages)
    assert [row["@timestamp"] for row in way] == sorted(row["@timestamp"] for row in way)


def test_a_direct_upload_and_a_refused_one_are_found_too(
    system: SystemUnderFaults, player: httpx.Client, clips: Clips
) -> None:
    system.fault_marker.touch()  # no crash
    player.headers.update(IDS)
    direct = DirectClient(player)
    video_id = direct.complete(direct.uploaded(clips.plain().read_bytes())).json()["video_id"]
    direct.storage.close()
    del player.headers["X-Request-Id"], player.headers["traceparent"]
    refused_id = upload(player, b"no clip").headers["X-Request-Id"]
    system.wait_until(lambda: status_of(player, video_id) == "processed", "processed")
    for process in system.processes:
        process.stop()

    records = [row for row in way_of(system, TRACE) if "Record" in row]
    complete = "POST /api/videos/uploads/{upload_id}/complete"
    assert [row.get("Route", row.get("outcome")) for row in records] == [
        "POST /api/videos/uploads",
        complete,
        "processed",
    ]
    assert [row.get("Route", row.get("outcome")) for row in way_of(system, video_id) if "Record" in row] == [
        complete,
        "processed",
    ]
    (refused,) = way_of(system, refused_id)
    assert (refused["status"], refused["trace_id"] != TRACE) == (400, True)
