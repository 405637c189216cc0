"""The single-fault campaign: at every step of a job and of an upload, kill the process, or stop it past its lease.

The process dies or sleeps exactly at the step (tests/faults/injection.py). Recovery must follow each time, within
lease, grace and sweep, and the invariants must hold.
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
from tests.faults.fixtures import StageMaker
from tests.faults.system_under_faults import Stage
from tests.service.resources.direct_upload_client import DirectClient, cut

Play = Callable[[StageMaker, str], None]

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
# An upload that is under way has an object and no row yet: nothing that young is an orphan.
TIDY_BESIDE_UPLOADS = {**TIDY, "ANB_ORPHAN_AGE_SECONDS": "10"}
AT_ONCE = 3


def play_kill(make_stage: StageMaker, step: str) -> None:
    stage = make_stage()
    worker = stage.start_worker(**stage.fault(step, "KILL"))
    entry = stage.accepted_video()
    assert worker.wait(60) == -signal.SIGKILL, step
    assert stage.mark.exists(), step
    rescuer = stage.start_worker("rescuer", **TIDY)
    stage.wait_until(lambda: stage.is_settled(entry), f"settled after {step}")
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), f"drained after {step}")
    stage.wait_until(lambda: not _has_garbage(stage), f"tidy after {step}")
    assert rescuer.stop() == 0
    assert stage.state(entry).status == "processed"
    invariants.check(stage)


def _has_garbage(stage: Stage) -> bool:
    folders = list((stage.directory / "work").glob("worker-*"))
    results = [key for key in stage.objects() if key.startswith("processed/")]
    return len(folders) > 1 or len(results) > 1


def play_zombie(make_stage: StageMaker, step: str) -> None:
    stage = make_stage()
    zombie = stage.start_worker("zombie", **stage.fault(step, "STOP"))
    entry = stage.accepted_video()
    stage.wait_until(stage.mark.exists, f"asleep at {step}")
    rescuer = stage.start_worker("rescuer", **TIDY)
    stage.wait_until(lambda: stage.is_settled(entry), f"settled while asleep at {step}")
    zombie.send_signal(signal.SIGCONT)
    stage.wait_until(lambda: stage.is_settled(entry), f"settled after {step}")
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), f"drained after {step}")
    assert zombie.stop() == 0
    stage.wait_until(lambda: not _has_garbage(stage), f"tidy after {step}")
    assert rescuer.stop() == 0
    assert stage.state(entry).status == "processed"
    invariants.check(stage)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("play", [play_kill, play_zombie])
def test_a_worker_may_die_or_sleep_at_any_step_of_a_job(make_stage: StageMaker, play: Play) -> None:
    with ThreadPoolExecutor(AT_ONCE) as scenes:
        list(scenes.map(lambda step: play(make_stage, step), JOB_STEPS))


def play_upload(make_stage: StageMaker, clip: Path, step: str) -> None:
    stage = make_stage()
    api = stage.start_api(**stage.fault(step, "KILL"))
    client = ApiClient(f"http://127.0.0.1:{stage.api_port}")
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    with pytest.raises(httpx.TransportError):
        client.upload(clip, "interrumpido")
    assert api.wait(60) == -signal.SIGKILL, step
    stage.start_api("api-again")
    rescuer = stage.start_worker("rescuer", **TIDY_BESIDE_UPLOADS)
    video_id = client.upload(clip, "otra vez")
    stage.wait_until(lambda: client.video(video_id)["status"] == "processed", f"processed after {step}")
    stage.wait_until(stage.all_settled, f"settled after {step}")
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), f"drained after {step}")
    stage.wait_until(lambda: _every_original_has_a_row(stage, client), f"tidy after {step}")
    client.close()
    assert rescuer.stop() == 0


def _every_original_has_a_row(stage: Stage, client: ApiClient) -> bool:
    originals = [key for key in stage.objects() if key.startswith("uploads/")]
    return len(originals) == len(client.videos())


@pytest.mark.timeout(600)
def test_the_api_may_die_at_any_step_of_an_upload(make_stage: StageMaker, clips: Clips) -> None:
    clip = clips.plain()
    with ThreadPoolExecutor(AT_ONCE) as scenes:
        list(scenes.map(lambda step: play_upload(make_stage, clip, step), UPLOAD_STEPS))


def play_completion(make_stage: StageMaker, clip: Path, step: str) -> None:
    stage = make_stage()
    api = stage.start_api(**stage.fault(step, "KILL"))
    player = _player(stage)
    upload = player.opened(clip.stat().st_size, resumable=True)
    for part, piece in zip(upload["parts"], cut(clip.read_bytes(), upload["parts"]), strict=True):
        assert player.put(part, piece).is_success
    with pytest.raises(httpx.TransportError):
        player.complete(upload)
    assert api.wait(60) == -signal.SIGKILL, step
    stage.start_api("api-again")
    rescuer = stage.start_worker("rescuer", **TIDY_BESIDE_UPLOADS)
    again = player.complete(upload)
    assert again.status_code == 201, (step, again.text)
    assert player.complete(upload).json() == again.json(), step
    stage.wait_until(stage.all_settled, f"settled after {step}")
    (video,) = player.api.get("/api/videos").json()
    assert (video["video_id"], video["status"]) == (again.json()["video_id"], "processed"), step
    original = f"uploads/{video['video_id']}.mp4"
    stage.wait_until(lambda: _not_results(stage) == {original}, f"tidy after {step}")
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), f"drained after {step}")
    player.close()
    assert rescuer.stop() == 0


def _player(stage: Stage) -> DirectClient:
    url = f"http://127.0.0.1:{stage.api_port}"
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client = ApiClient(url)
    client.sign_up(account)
    client.close()
    http = httpx.Client(base_url=url, timeout=30)
    token = http.post("/api/auth/login", json={"email": account.email, "password": account.password}).json()
    http.headers["Authorization"] = f"Bearer {token['access_token']}"
    return DirectClient(http)


def _not_results(stage: Stage) -> set[str]:
    return {key for key in stage.objects() if not key.startswith("processed/")}


@pytest.mark.timeout(600)
def test_the_api_may_die_at_any_step_of_completing_a_direct_upload(make_stage: StageMaker, clips: Clips) -> None:
    clip = clips.plain()
    with ThreadPoolExecutor(AT_ONCE) as scenes:
        list(scenes.map(lambda step: play_completion(make_stage, clip, step), COMPLETION_STEPS))
