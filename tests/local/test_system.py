"""The whole system as real processes: a video from upload to ranking, signals, lost processes, and the smoke test."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from cloudwatch.emf import Datapoint, read_lines, whole_lines
from local import smoke
from local.client import ApiClient, PlayerAccount, RefusedByApi
from local.system.aws_emulator import REGION
from local.system.local_system import LocalSystem
from local.system.postgres_server import PostgresServer
from local.system.processes import LocalSystemError, ManagedProcess, free_port
from showcase.clips.movie import read_movie
from tests.clips import Clips
from tests.worker.media.pictures import header_of

END_SECONDS = 120.0
FAST_RECOVERY = {
    "ANB_LEASE_SECONDS": "6",
    "ANB_HEARTBEAT_SECONDS": "1",
    "ANB_OUTBOX_INTERVAL_SECONDS": "1",
    "ANB_POLL_SECONDS": "1",
    "ANB_LOG_LEVEL": "INFO",
}


def wait_for(client: ApiClient, video_id: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        video = client.video(video_id)
        if is_so(video):
            return video
        time.sleep(0.1)
    raise AssertionError(f"still {video}")


def is_settled(video: dict[str, Any]) -> bool:
    return video["status"] in ("processed", "failed")


def is_encoding(video: dict[str, Any]) -> bool:
    return bool(video["status"] == "processing" and video["progress"] > 0)


def datapoints(system: LocalSystem) -> list[Datapoint]:
    """All records of the run. Raises EmfViolation when one breaks the EMF specification."""
    return list(read_lines(whole_lines(system.emf_log)))


def total(points: list[Datapoint], name: str) -> float:
    return sum(sum(p.values) for p in points if p.name == name and len(p.dimensions) == 1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    """A system without a worker. Each test leaves it without a job."""
    with LocalSystem(tmp_path_factory.mktemp("system"), overrides=FAST_RECOVERY, workers=0) as system:
        yield system
        system.stop()
        datapoints(system)  # every record must follow the specification


@pytest.fixture(scope="module")
def client(system: LocalSystem) -> Iterator[ApiClient]:
    client = ApiClient(system.api_url)
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    yield client
    client.close()


@pytest.fixture
def worker(system: LocalSystem) -> Iterator[ManagedProcess]:
    worker = system.start_worker()
    yield worker
    worker.stop()


def test_an_uploaded_clip_becomes_a_broadcast_clip_on_postgresql(
    postgres: PostgresServer, postgres_url: str, clips: Clips, tmp_path: Path
) -> None:
    with LocalSystem(tmp_path, database_url=postgres_url) as system:
        client = ApiClient(system.api_url)
        account = PlayerAccount("Eva", "Ríos", "eva@example.com", "Cali")
        client.sign_up(account)
        client.log_in(account)
        video_id = client.upload(clips.with_sound(), "En PostgreSQL")
        video = wait_for(client, video_id, is_settled)
        client.vote(video_id)
        assert client.ranking() == [{"position": 1, "username": "Eva Ríos", "city": "Cali", "votes": 1}]
        client.save(video["processed_url"], tmp_path / "processed.mp4")
        client.close()
        assert system.worker.stop() == 0 and system.worker.logged("stopped")
        assert system.api.stop() == 0
    result = read_movie(tmp_path / "processed.mp4").video
    assert (
        result and (result.width, result.height) == (1280, 720) and b"soun" not in header_of(tmp_path / "processed.mp4")
    )
    points = datapoints(system)
    assert total(points, "VideosProcessed") == total(points, "Jobs") == 1
    assert total(points, "RecordsDropped") == 0


@pytest.mark.usefixtures("worker")
def test_the_owner_sees_queued_then_percent_then_processed(
    system: LocalSystem, client: ApiClient, clips: Clips
) -> None:
    video_id = client.upload(clips.pattern(rate="30"), "Con progreso")
    percents = {wait_for(client, video_id, is_encoding)["progress"]}

    def is_settled_at_last(video: dict[str, Any]) -> bool:
        percents.add(video["progress"])
        return is_settled(video)

    video = wait_for(client, video_id, is_settled_at_last)
    assert video["status"] == "processed" and video["progress"] == 100
    assert len(percents) >= 3


@pytest.mark.usefixtures("worker")
def test_damage_that_the_boxes_do_not_show_fails_the_video_with_a_reason_and_the_worker_goes_on(
    system: LocalSystem, client: ApiClient, clips: Clips, tmp_path: Path
) -> None:
    data = bytearray(clips.pattern().read_bytes())
    middle = data.index(b"mdat") + 300_000
    data[middle : middle + 100_000] = bytes(100_000)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    video = wait_for(client, client.upload(damaged, "Dañado"), is_settled)
    assert (video["status"], video["failure_code"]) == ("failed", "damaged")
    assert video["failure_reason"] == "El video está dañado y no se puede leer."
    good = wait_for(client, client.upload(clips.plain(), "Bueno"), is_settled)
    assert good["status"] == "processed"


def test_a_fault_that_the_boxes_show_is_refused_at_upload(client: ApiClient, clips: Clips) -> None:
    with pytest.raises(RefusedByApi, match="dura menos de 20 segundos"):
        client.upload(clips.plain(seconds=10), "Corto")


def test_a_video_survives_a_short_drain_and_a_kill_and_is_finished_by_a_worker_that_stops(
    system: LocalSystem, client: ApiClient, clips: Clips
) -> None:
    video_id = client.upload(clips.pattern(), "Rescatado")

    def is_in_attempt(number: int) -> Callable[[dict[str, Any]], bool]:
        return lambda video: is_encoding(video) and video["attempts"] == number

    impatient = system.start_worker("impatient", {"ANB_DRAIN_SECONDS": "0"})
    wait_for(client, video_id, is_in_attempt(1))
    assert impatient.stop() == 0
    video = client.video(video_id)
    assert (video["status"], video["attempts"]) == ("uploaded", 0), "a job that is handed back is no attempt"

    doomed = system.start_worker("doomed")
    wait_for(client, video_id, is_in_attempt(1))
    children = psutil.Process(doomed.pid).children(recursive=True)
    assert children, "the real ffmpeg is at work"
    doomed.send_signal(signal.SIGKILL)
    doomed.wait(10)
    assert not psutil.wait_procs(children, timeout=10)[1], "no ffmpeg outlives its worker"

    rescuer = system.start_worker("rescuer")
    wait_for(client, video_id, is_in_attempt(2))
    rescuer.send_signal(signal.SIGTERM)
    rescuer.send_signal(signal.SIGINT)
    assert rescuer.wait(END_SECONDS) == 0
    video = client.video(video_id)
    assert (video["status"], video["attempts"]) == ("processed", 2)


@pytest.mark.usefixtures("worker")
def test_an_upload_that_was_accepted_without_a_queue_is_processed_later(
    system: LocalSystem, client: ApiClient, clips: Clips
) -> None:
    queue_url = system.environment["sqs_queue_url"]
    system.emulator.sqs.delete_queue(QueueUrl=queue_url)
    video_id = client.upload(clips.plain(), "Sin cola")
    assert client.video(video_id)["status"] == "uploaded"
    system.emulator.create_queues("anb-videos", visibility_seconds=30, receive_count_max=20)
    assert wait_for(client, video_id, is_settled)["status"] == "processed"


def test_a_process_does_not_start_on_a_database_without_the_schema(system: LocalSystem, tmp_path: Path) -> None:
    elsewhere = {"ANB_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"}
    for module in ("service", "worker"):
        process = system.start_process(module, f"{module}-without-schema.log", elsewhere)
        with pytest.raises(LocalSystemError, match="python -m migrations"):
            process.wait_until(lambda: False, "ready", END_SECONDS)


@pytest.mark.usefixtures("worker")
def test_the_smoke_test_follows_a_clip_to_its_metric(
    system: LocalSystem, clips: Clips, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [system.api_url, "--clip", str(clips.plain()), "--minutes", "3"]
    assert smoke.main([*asked, "--metrics-log", str(system.emf_log)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.count("✓") == 6


@pytest.mark.usefixtures("worker")
def test_the_smoke_test_reports_the_step_that_did_not_work(
    system: LocalSystem, clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.log"
    empty.touch()
    asked = [system.api_url, "--clip", str(clips.plain()), "--minutes", "0", "--metrics-log", str(empty)]
    assert smoke.main(asked) == 1
    assert "was not processed in time" in capsys.readouterr().err
    assert smoke.main([f"http://127.0.0.1:{free_port()}", "--metrics-log", str(empty)]) == 1


@pytest.mark.usefixtures("worker")
def test_the_smoke_test_reads_the_metric_from_cloudwatch(
    system: LocalSystem, clips: Clips, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test does the work of the CloudWatch agent: it puts the metric of the log into CloudWatch."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", system.emulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    client = boto3.client("cloudwatch", region_name=REGION)
    ended = threading.Event()
    before = total(datapoints(system), "VideosProcessed")

    def put_metric_once_logged() -> None:
        while not ended.wait(0.5):
            if total(datapoints(system), "VideosProcessed") > before:
                data = {"MetricName": "VideosProcessed", "Value": 1.0, "Dimensions": [smoke.SERVICE]}
                client.put_metric_data(Namespace="ANB/Smoke", MetricData=[data])
                return

    agent = threading.Thread(target=put_metric_once_logged)
    agent.start()
    try:
        asked = [system.api_url, "--clip", str(clips.plain()), "--minutes", "3", "--namespace", "ANB/Smoke"]
        assert smoke.main(asked) == 0, capsys.readouterr().err
    finally:
        ended.set()
        agent.join()
