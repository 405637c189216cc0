"""At every step of a job and of an upload, the process is killed, or stopped until its lease has ended.

The fault strikes exactly at the step (tests/faults/injection.py). Each time the system must recover within lease, grace
and sweep, and the invariants must hold.
"""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from local.client import ApiClient, PlayerAccount
from tests.clips import Clips
from tests.faults import invariants
from tests.faults.fixtures import SystemMaker
from tests.faults.system_under_faults import SystemUnderFaults
from tests.service.resources.direct_upload_client import DirectClient

Scenario = Callable[[SystemMaker, str], None]

JOB_STEPS = (
    "after receive",
    "before claim",
    "after claim",
    "after commit of claim",
    "before download",
    "after download",
    "before transcode",
    "after transcode",
    "before put_file",
    "after put_file",
    "before finish",
    "after finish",
    "after commit of finish",
    "before delete",
    "after delete",
)
UPLOAD_STEPS = (
    "before put_stream",
    "after put_stream",
    "before add_video",
    "after add_video",
    "after commit of add_video",
    "before send",
    "after send",
)
COMPLETION_STEPS = (
    "before join_parts",
    "after join_parts",
    "before copy",
    "after copy",
    "before add_video",
    "after add_video",
    "after commit of add_video",
    "before send",
    "after send",
)
TIDY = {"ANB_HOUSEKEEPING_SECONDS": "0.5", "ANB_ORPHAN_AGE_SECONDS": "0"}
# An upload in progress has an object but no row yet: a young object must not count as an orphan.
TIDY_BESIDE_UPLOADS = {**TIDY, "ANB_ORPHAN_AGE_SECONDS": "10"}
AT_ONCE = 3


def kill_worker(make_system: SystemMaker, step: str) -> None:
    system = make_system()
    worker = system.start_worker(**system.fault(step, "KILL"))
    entry = system.accepted_video()
    assert worker.wait(60) == -signal.SIGKILL, step
    assert system.fault_marker.exists(), step
    rescuer = system.start_worker("rescuer", **TIDY)
    system.wait_until(lambda: system.is_settled(entry), f"settled after {step}")
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), f"drained after {step}")
    system.wait_until(lambda: not _has_garbage(system), f"tidy after {step}")
    assert rescuer.stop() == 0
    assert system.state(entry).status == "processed"
    invariants.check(system)


def _has_garbage(system: SystemUnderFaults) -> bool:
    folders = list((system.directory / "work").glob("worker-*"))
    results = [key for key in system.objects() if key.startswith("processed/")]
    return len(folders) > 1 or len(results) > 1


def stop_worker(make_system: SystemMaker, step: str) -> None:
    system = make_system()
    sleeper = system.start_worker("sleeper", **system.fault(step, "STOP"))
    entry = system.accepted_video()
    system.wait_until(system.fault_marker.exists, f"asleep at {step}")
    rescuer = system.start_worker("rescuer", **TIDY)
    system.wait_until(lambda: system.is_settled(entry), f"settled while asleep at {step}")
    sleeper.send_signal(signal.SIGCONT)
    system.wait_until(lambda: system.is_settled(entry), f"settled after {step}")
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), f"drained after {step}")
    assert sleeper.stop() == 0
    system.wait_until(lambda: not _has_garbage(system), f"tidy after {step}")
    assert rescuer.stop() == 0
    assert system.state(entry).status == "processed"
    invariants.check(system)


@pytest.mark.long("fifteen steps, and each waits for a lease to end")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", [kill_worker, stop_worker])
def test_a_worker_may_die_or_sleep_at_any_step_of_a_job(make_system: SystemMaker, scenario: Scenario) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: scenario(make_system, step), JOB_STEPS))


def kill_api_in_upload(make_system: SystemMaker, clip: Path, step: str) -> None:
    system = make_system()
    api = system.start_api(**system.fault(step, "KILL"))
    client = ApiClient(f"http://127.0.0.1:{system.api_port}")
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    with pytest.raises(httpx.TransportError):
        client.upload(clip, "interrumpido")
    assert api.wait(60) == -signal.SIGKILL, step
    system.start_api("api-again")
    rescuer = system.start_worker("rescuer", **TIDY_BESIDE_UPLOADS)
    video_id = client.upload(clip, "otra vez")
    system.wait_until(lambda: client.video(video_id)["status"] == "processed", f"processed after {step}")
    system.wait_until(system.all_settled, f"settled after {step}")
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), f"drained after {step}")
    system.wait_until(lambda: _every_original_has_a_row(system, client), f"tidy after {step}")
    client.close()
    assert rescuer.stop() == 0


def _every_original_has_a_row(system: SystemUnderFaults, client: ApiClient) -> bool:
    return len([key for key in system.objects() if key.startswith("uploads/")]) == len(client.videos())


@pytest.mark.long("seven steps, and each starts an API, another API and a worker")
@pytest.mark.timeout(600)
def test_the_api_may_die_at_any_step_of_an_upload(make_system: SystemMaker, clips: Clips) -> None:
    clip = clips.plain()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: kill_api_in_upload(make_system, clip, step), UPLOAD_STEPS))


def kill_api_in_completion(make_system: SystemMaker, clip: Path, step: str) -> None:
    system = make_system()
    api = system.start_api(**system.fault(step, "KILL"))
    player = direct_client(system)
    upload = player.uploaded_in_parts(clip.read_bytes())
    with pytest.raises(httpx.TransportError):
        player.complete(upload)
    assert api.wait(60) == -signal.SIGKILL, step
    system.start_api("api-again")
    rescuer = system.start_worker("rescuer", **TIDY_BESIDE_UPLOADS)
    again = player.complete(upload)
    assert again.status_code == 201, (step, again.text)
    assert player.complete(upload).json() == again.json(), step
    system.wait_until(system.all_settled, f"settled after {step}")
    (video,) = player.api.get("/api/videos").json()
    assert (video["video_id"], video["status"]) == (again.json()["video_id"], "processed"), step
    original = f"uploads/{video['video_id']}.mp4"
    system.wait_until(
        lambda: [key for key in system.objects() if not key.startswith("processed/")] == [original],
        f"tidy after {step}",
    )
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), f"drained after {step}")
    player.close()
    assert rescuer.stop() == 0


def direct_client(system: SystemUnderFaults) -> DirectClient:
    """A client of direct uploads that has signed up and logged in."""
    url = f"http://127.0.0.1:{system.api_port}"
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client = ApiClient(url)
    client.sign_up(account)
    client.close()
    http = httpx.Client(base_url=url, timeout=30)
    token = http.post("/api/auth/login", json={"email": account.email, "password": account.password}).json()
    http.headers["Authorization"] = f"Bearer {token['access_token']}"
    return DirectClient(http)


@pytest.mark.long("nine steps, and each starts an API, another API and a worker")
@pytest.mark.timeout(600)
def test_the_api_may_die_at_any_step_of_completing_a_direct_upload(make_system: SystemMaker, clips: Clips) -> None:
    clip = clips.plain()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: kill_api_in_completion(make_system, clip, step), COMPLETION_STEPS))
