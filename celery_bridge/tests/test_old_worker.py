"""The claiming task of docs/SQS_MIGRATION.md with Celery alone: no SQS worker, no sweeper, one task for each video."""

import io
import signal

import psutil
from sqlalchemy import select, text

from celery_bridge.tests.old_system import OldSystem
from showcase.database.tables import Video
from showcase.jobs import jobs
from tests.faults.system_under_faults import SystemUnderFaults
from tests.records import claimed, new_video, original_of

QUICK = {"OLD_WORKER_LEASE_SECONDS": "0.5", "OLD_WORKER_RETRY_SECONDS": "0.1"}


def test_a_task_is_retried_after_the_lease_of_a_dead_worker_and_after_its_own_errors(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    leased, damaged = system.accepted_video(send=False), new_video(system.database)
    claimed(system.database, leased, lease_seconds=4)  # more retries than Celery's default of 3
    for entry in (leased, damaged):
        old.tasks.send(entry.video_id, entry.task_id)
    celery = old.start_worker("celery", **QUICK)
    system.wait_until(system.all_settled, "everything settled")
    system.wait_until(lambda: old.waiting() + old.tasks.in_work() == 0, "no task left")
    assert celery.stop() == 0

    assert old.processed() == [leased.video_id]
    state = system.state(damaged)
    assert (state.status, state.failure_code, state.attempts) == ("failed", jobs.GAVE_UP, 5)


def test_a_failed_attempt_is_repeated(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    old.tasks.send(entry.video_id, entry.task_id)
    celery = old.start_worker("celery", OLD_WORKER_RETRY_SECONDS="1")
    system.wait_until(lambda: system.state(entry).attempts >= 1, "tried without its file")
    system.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
    system.wait_until(lambda: system.is_settled(entry), "settled")
    assert celery.stop() == 0
    assert system.state(entry).status == "processed"


def test_a_task_survives_the_kill_of_its_process(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = system.accepted_video(send=False)
    celery = old.start_worker("celery", pool="prefork", **QUICK)
    with system.database.writing() as connection:
        connection.execute(select(Video.id).where(Video.id == entry.video_id).with_for_update())
        old.tasks.send(entry.video_id, entry.task_id)
        system.wait_until(lambda: is_claiming(system), "at its claim")
        (child,) = psutil.Process(celery.pid).children()
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    system.wait_until(lambda: system.is_settled(entry), "settled")
    assert celery.stop() == 0
    assert old.processed() == [entry.video_id]


def is_claiming(system: SystemUnderFaults) -> bool:
    """Whether a connection waits for the locked row."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with system.database.reading() as connection:
        return bool(connection.execute(waiting).scalar_one())
