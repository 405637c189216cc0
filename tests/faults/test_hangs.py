"""Everything outside of a process hangs at one step: database, queue and storage take bytes and never answer.

The video is settled or handed back in time, SIGTERM ends the process in time, and the API gets its threads back.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import make_url

from local.client import ApiClient, PlayerAccount, RefusedByApi
from tests.clips import Clips
from tests.faults import invariants
from tests.faults.fixtures import SystemMaker
from tests.faults.freezing_relay import FreezingRelay
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.test_single_fault import AT_ONCE, TIDY, direct_client

Answer = TypeVar("Answer")
END_SECONDS_MAX = 45.0  # the drain is 2 s; without deadlines, a hanging call would keep its process alive for ever
JOB_STEPS = (
    "after receive",
    "after commit of claim",
    "before download",
    "before put_file",
    "after put_file",
    "before finish",
    "after commit of finish",
)
UPLOAD_STEPS = ("before put_stream", "before add_video", "after add_video", "after commit of add_video", "before send")
COMPLETION_STEPS = (
    "before received_parts 2",  # the first is a call of opening the upload
    "before join_parts",
    "before copy",
    "before read_range",
    "before add_video",
    "after add_video",
    "after commit of add_video",
    "after send",
)


@contextmanager
def relays(system: SystemUnderFaults) -> Iterator[tuple[dict[str, str], list[FreezingRelay]]]:
    """The settings of a process behind relays to everything, and the relays."""
    database, aws = make_url(system.database_url), urlsplit(system.emulator.url)
    to_database, to_aws = FreezingRelay(database.port or 0), FreezingRelay(aws.port or 0)
    url = database.set(port=to_database.port).render_as_string(hide_password=False)
    settings = {**system.through(f"http://127.0.0.1:{to_aws.port}"), "ANB_DATABASE_URL": url}
    try:
        yield settings, [to_database, to_aws]
    finally:
        for relay in (to_database, to_aws):
            relay.close()


def freeze_at_the_step(system: SystemUnderFaults, all_relays: list[FreezingRelay], step: str) -> None:
    system.wait_until(system.fault_marker.exists, f"at {step}")
    for relay in all_relays:
        relay.frozen.set()
    system.fault_marker.with_suffix(".go").touch()


def hang_under_a_job(make_system: SystemMaker, step: str) -> None:
    system = make_system()
    with relays(system) as (settings, all_relays):
        hanging = system.start_worker("hanging", **settings, **system.fault(step, "WAIT"), ANB_DRAIN_SECONDS="2")
        entry = system.accepted_video()
        freeze_at_the_step(system, all_relays, step)
        rescuer = system.start_worker("rescuer", **TIDY)
        system.wait_until(lambda: system.is_settled(entry), f"settled although all hangs at {step}")
        began = time.monotonic()
        assert hanging.stop(END_SECONDS_MAX) in (0, 1), step
        assert time.monotonic() - began < END_SECONDS_MAX, step
        system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), f"drained after {step}")
        assert rescuer.stop() == 0
    assert system.state(entry).status == "processed", step
    invariants.check(system)


@pytest.mark.long("seven steps, and each waits for deadlines and leases")
@pytest.mark.timeout(600)
def test_all_calls_of_a_worker_may_hang_at_any_step_of_a_job(make_system: SystemMaker) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: hang_under_a_job(make_system, step), JOB_STEPS))


@contextmanager
def api_behind_relays(system: SystemUnderFaults, step: str) -> Iterator[list[FreezingRelay]]:
    """An API that waits at a step. At the end everything outside hangs again, and the API must end in time."""
    with relays(system) as (settings, all_relays):
        api = system.start_api(**settings, **system.fault(step, "WAIT"), ANB_API_DRAIN_SECONDS="2")
        yield all_relays
        for relay in all_relays:
            relay.frozen.set()
        assert api.stop(END_SECONDS_MAX) in (0, 1), step


def answer_while_all_hangs(
    system: SystemUnderFaults, all_relays: list[FreezingRelay], step: str, request: Callable[[], Answer]
) -> Answer | Exception:
    """What ``request`` returns or raises when everything begins to hang at a step. Afterwards nothing hangs."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(request)
        freeze_at_the_step(system, all_relays, step)
        live = httpx.get(f"http://127.0.0.1:{system.api_port}/api/health/live", timeout=10)
        assert live.status_code == 200, step
        try:
            return answer.result(END_SECONDS_MAX)
        except (RefusedByApi, httpx.HTTPError) as error:
            return error
        finally:
            for relay in all_relays:
                relay.frozen.clear()


def hang_under_an_upload(make_system: SystemMaker, clip: Path, step: str) -> None:
    system = make_system()
    with api_behind_relays(system, step) as all_relays:
        client = ApiClient(f"http://127.0.0.1:{system.api_port}")
        account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
        client.sign_up(account)
        client.log_in(account)
        answer = answer_while_all_hangs(system, all_relays, step, lambda: client.upload(clip, "Mi jugada"))
        system.wait_until(lambda: can_log_in(client, account), f"the API answers again after {step}")
        client.close()
        if isinstance(answer, str):
            system.wait_until(lambda: not system.queue_is_empty(system.queues.jobs), f"the message of {step} is sent")


def hang_under_a_completion(make_system: SystemMaker, clip: Path, step: str) -> None:
    system = make_system()
    with api_behind_relays(system, step) as all_relays:
        player = direct_client(system)
        upload = player.uploaded_in_parts(clip.read_bytes())
        answer = answer_while_all_hangs(system, all_relays, step, lambda: player.complete(upload))
        assert isinstance(answer, httpx.Response) and answer.status_code in (201, 503), (step, answer)
        system.wait_until(lambda: player.complete(upload).is_success, f"completed after {step}")
        again = player.complete(upload)
        assert answer.status_code == 503 or again.json() == answer.json(), step
        (video,) = player.api.get("/api/videos").json()
        assert video["video_id"] == again.json()["video_id"], step
        player.close()
        system.wait_until(lambda: not system.queue_is_empty(system.queues.jobs), f"the message of {step} is sent")


def can_log_in(client: ApiClient, account: PlayerAccount) -> bool:
    try:
        client.log_in(account)
    except (RefusedByApi, httpx.HTTPError):
        return False
    return True


@pytest.mark.long("five steps, and each waits for deadlines")
@pytest.mark.timeout(600)
def test_all_calls_of_the_api_may_hang_at_any_step_of_an_upload(make_system: SystemMaker, clips: Clips) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: hang_under_an_upload(make_system, clips.plain(), step), UPLOAD_STEPS))


@pytest.mark.long("eight steps, and each waits for deadlines")
@pytest.mark.timeout(600)
def test_all_calls_of_the_api_may_hang_at_any_step_of_completing_a_direct_upload(
    make_system: SystemMaker, clips: Clips
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: hang_under_a_completion(make_system, clips.plain(), step), COMPLETION_STEPS))
