"""Everything outside of a process hangs at one step: database, queue and storage take bytes and never answer.

The video is settled or handed back in time, SIGTERM ends the process in time, and the API gets its threads back.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
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
from tests.faults.test_single_fault import AT_ONCE, TIDY

END_SECONDS_MAX = 45.0  # the drain is 2 s; without deadlines a hanging call takes its process with it for good
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


@pytest.mark.long
@pytest.mark.timeout(600)
def test_all_calls_of_a_worker_may_hang_at_any_step_of_a_job(make_system: SystemMaker) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: hang_under_a_job(make_system, step), JOB_STEPS))


def hang_under_an_upload(make_system: SystemMaker, clip: Path, step: str) -> None:
    system = make_system()
    with relays(system) as (settings, all_relays):
        api = system.start_api(**settings, **system.fault(step, "WAIT"), ANB_API_DRAIN_SECONDS="2")
        client = ApiClient(f"http://127.0.0.1:{system.api_port}")
        account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
        client.sign_up(account)
        client.log_in(account)
        answers: list[object] = []

        def upload() -> None:
            try:
                answers.append(client.upload(clip, "Mi jugada"))
            except (RefusedByApi, httpx.HTTPError) as error:
                answers.append(error)

        uploading = threading.Thread(target=upload, daemon=True)
        uploading.start()
        freeze_at_the_step(system, all_relays, step)
        live = httpx.get(f"http://127.0.0.1:{system.api_port}/api/health/live", timeout=10)
        assert live.status_code == 200, step
        uploading.join(END_SECONDS_MAX)
        assert answers, f"the upload is answered although all hangs at {step}"
        for relay in all_relays:
            relay.frozen.clear()
        system.wait_until(lambda: can_log_in(client, account), f"the API answers again after {step}")
        client.close()
        if isinstance(answers[0], str):
            system.wait_until(lambda: not system.queue_is_empty(system.queues.jobs), f"the message of {step} is sent")
        for relay in all_relays:
            relay.frozen.set()
        assert api.stop(END_SECONDS_MAX) in (0, 1), step


def can_log_in(client: ApiClient, account: PlayerAccount) -> bool:
    try:
        client.log_in(account)
    except (RefusedByApi, httpx.HTTPError):
        return False
    return True


@pytest.mark.long
@pytest.mark.timeout(600)
def test_all_calls_of_the_api_may_hang_at_any_step_of_an_upload(make_system: SystemMaker, clips: Clips) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda step: hang_under_an_upload(make_system, clips.plain(), step), UPLOAD_STEPS))
