"""The output and the effects of the bridge when something is wrong, or when it is stopped."""

import subprocess
import sys
import time
import uuid
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from redis import Redis

from celery_bridge.__main__ import main
from celery_bridge.celery_tasks import CeleryTasks
from celery_bridge.command import run_passes
from celery_bridge.moves import Bridge, Tally
from celery_bridge.tests.old_system import QUEUE, TASK, OldSystem
from cli.screen import Screen
from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import Delivery, JobQueue
from tests.faults.system_under_faults import END_SECONDS, SystemUnderFaults
from tests.records import new_video

SECRET = "geheim"
DEAD_REDIS = f"redis://:{SECRET}@127.0.0.1:1/0"
STOP_SECONDS = 10.0


def received(system: SystemUnderFaults) -> list[Delivery]:
    """All messages that can be received now."""
    found: list[Delivery] = []
    while batch := system.queue.receive(10, hidden_seconds=60):
        found += batch
    return found


def videos(deliveries: list[Delivery]) -> set[uuid.UUID]:
    return {parse_message(delivery.body).video_id for delivery in deliveries}


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    """Inside the block, the Redis that all tests share is full and refuses writes."""
    redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis.config_set("maxmemory", 0)


@contextmanager
def read_only(redis: Redis) -> Iterator[None]:
    """Inside the block, the Redis is the replica of a server that is away."""
    redis.slaveof("127.0.0.1", 1)
    try:
        yield
    finally:
        redis.slaveof()


@pytest.mark.parametrize("command", ["to-sqs", "to-celery"])
def test_without_redis_the_bridge_fails_with_a_text_and_loses_nothing(
    old: OldSystem, system: SystemUnderFaults, command: str
) -> None:
    entry = system.accepted_video()
    bridge = old.start_bridge(command, ANB_CELERY_BROKER_URL=DEAD_REDIS)
    assert bridge.wait(END_SECONDS) == 1
    assert bridge.logged("Celery broker") and bridge.logged("(ConnectionError)") and bridge.logged("Run it again")
    assert not bridge.logged(SECRET) and not bridge.logged("Traceback")
    (delivery,) = received(system)
    assert (delivery.receive_count, videos([delivery])) == (1, {entry.video_id})


def test_without_sqs_all_tasks_stay(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    old.tasks.send(entry.video_id, entry.task_id)
    for kind, overrides in (
        ("EndpointConnectionError", system.through("http://127.0.0.1:1")),
        ("NonExistentQueue", {"sqs_queue_url": f"{system.queues.jobs}-none"}),
    ):
        code, document = old.run_bridge("to-sqs", **overrides)
        assert (code, document["moved"], old.waiting()) == (1, 0, 1)
        assert "queue: send failed" in document["error"] and kind in document["error"]


def test_without_the_database_no_message_is_received(old: OldSystem, system: SystemUnderFaults) -> None:
    system.accepted_video()
    bridge = old.start_bridge("to-celery", ANB_DATABASE_URL=f"postgresql://anb:{SECRET}@127.0.0.1:1/anb")
    assert bridge.wait(END_SECONDS) == 1
    assert bridge.logged("database") and bridge.logged("(OperationalError)")
    assert not bridge.logged(SECRET) and not bridge.logged("Traceback")
    assert [delivery.receive_count for delivery in received(system)] == [1]


def test_while_redis_is_full_no_message_is_received(old: OldSystem, system: SystemUnderFaults) -> None:
    for _ in range(3):
        system.accepted_video()
    with full(old.redis):
        bridge = old.start_bridge("to-celery", "--follow")
        bridge.wait_until(lambda: bridge.log.read_text().count("trying again") >= 3, "refused three times", END_SECONDS)
        assert bridge.logged("(OutOfMemoryError)")
        looked_at = received(system)
        assert [delivery.receive_count for delivery in looked_at] == [1, 1, 1], "only by this test"
        assert system.queue.depth().dead == 0
        for delivery in looked_at:
            system.queue.release(delivery, 0)
    system.wait_until(lambda: old.waiting() == 3 and system.queue_is_empty(system.queues.jobs), "everything moved")
    assert bridge.stop() == 0
    assert bridge.logged("3 moved, 0 settled, 0 parked")


def test_nothing_is_moved_from_a_redis_that_refuses_to_remove(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    old.tasks.send(entry.video_id, entry.task_id)
    with read_only(old.redis):
        code, document = old.run_bridge("to-sqs")
        assert (code, document["moved"], received(system)) == (1, 0, [])
        assert "(ReadOnlyError)" in document["error"]
    assert old.waiting() == 1


def follow(bridge: Bridge, waits: list[float], passes: int) -> None:
    """Make ``passes`` passes to Celery. ``waits`` gets the lengths of the waits between them, which are skipped."""

    def stopped(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) == passes

    asked = Namespace(command="to-celery", follow=True)
    assert run_passes(replace(bridge, stopped=stopped), asked, Tally(), Screen())


def test_while_the_database_is_away_nothing_is_received_and_the_waits_grow(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    system.accepted_video()
    waits: list[float] = []
    database = Database("postgresql://anb@127.0.0.1:1/anb")
    follow(Bridge(database, old.tasks, system.queue, system.outbox, stopped=bool), waits, passes=9)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [delivery.receive_count for delivery in received(system)] == [1]


class SometimesRefusingTasks(CeleryTasks):
    """Refuses writes in three of four passes."""

    accepts = iter((False, False, True, False))

    def check_writable(self) -> None:
        if not next(self.accepts):
            raise Unavailable("Celery broker", "write")


def test_a_pass_that_succeeds_ends_the_long_waits(old: OldSystem, system: SystemUnderFaults) -> None:
    waits: list[float] = []
    tasks = SometimesRefusingTasks(old.url, QUEUE, TASK)
    follow(Bridge(system.database, tasks, system.queue, system.outbox, stopped=bool), waits, passes=4)
    tasks.close()
    assert waits == [1, 2, 1, 1]


class RefusingTasks(CeleryTasks):
    """Refuses each task."""

    def send(self, video_id: uuid.UUID, task_id: uuid.UUID) -> None:
        raise Unavailable("Celery broker", "send a task")


class QueueWithOneLostReceipt(JobQueue):
    """The receipt of the second message of each batch is not valid, so SQS refuses to release that one."""

    def receive(self, count_max: int, *, hidden_seconds: int | None = None) -> list[Delivery]:
        first, second, *others = super().receive(count_max, hidden_seconds=hidden_seconds)
        return [first, replace(second, receipt_handle="lost"), *others]


def test_one_message_that_cannot_be_released_does_not_block_the_others(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    for _ in range(4):
        system.accepted_video()
    queue = QueueWithOneLostReceipt(Aws(REGION, system.emulator.url), system.queues.jobs, system.queues.dead_letter)
    tasks = RefusingTasks(old.url, QUEUE, TASK)
    bridge = Bridge(system.database, tasks, queue, system.outbox, stopped=lambda _seconds: False)
    with pytest.raises(Unavailable, match="send a task"):
        bridge.to_celery(Tally())
    assert len(received(system)) == 3
    tasks.close()


@pytest.mark.parametrize(("arguments", "code"), [(["to-sqs"], 1), (["to-celery", "--follow"], 0)])
def test_a_signal_ends_a_pass_with_a_summary_and_the_rest_stays(
    old: OldSystem, system: SystemUnderFaults, arguments: list[str], code: int
) -> None:
    is_to_sqs = arguments[0] == "to-sqs"
    entries = {entry.video_id: entry for entry in (system.accepted_video(send=not is_to_sqs) for _ in range(30))}
    if is_to_sqs:
        for entry in entries.values():
            old.tasks.send(entry.video_id, entry.task_id)
    bridge = old.start_bridge(*arguments, "--rate", "1")
    system.wait_until(lambda: (system.queue.depth().visible if is_to_sqs else old.waiting()) >= 2, "moving")
    stopped_at = time.monotonic()
    assert bridge.stop() == code
    assert time.monotonic() - stopped_at < STOP_SECONDS
    assert bridge.logged(" moved, 0 settled, 0 parked, 0 left.")
    assert bridge.logged("Stopped before the end. Run it again") == bool(code)
    in_sqs = videos(received(system))
    assert old.waiting() + len(in_sqs) == len(entries) and old.waiting() and in_sqs


@pytest.mark.parametrize(
    "arguments",
    [[], ["to-mars"], ["to-sqs", "--rate", "0"], ["to-sqs", "--abandoned", "x"], ["to-celery", "--dry-run"]],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2 and "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        f"amqp://guest:{SECRET}@127.0.0.1//",
        f"redis://:{SECRET}/42@127.0.0.1:1/0",
        f"redis://:{SECRET}@127.0.0.1:1/0?foo=bar",
    ],
)
def test_a_wrong_broker_url_exits_with_2_and_stays_secret(old: OldSystem, url: str) -> None:
    bridge = old.start_bridge("to-sqs", ANB_CELERY_BROKER_URL=url)
    assert bridge.wait(END_SECONDS) == 2
    assert bridge.logged("ANB_CELERY_BROKER_URL") and bridge.logged("percent-encode")
    assert not bridge.logged(SECRET) and not bridge.logged("Traceback")


def run_without(package: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``python -m celery_bridge`` as if this package were not installed."""
    module = "runpy.run_module('celery_bridge', run_name='__main__')"
    code = f"import sys, runpy; sys.modules[{package!r}] = None; {module}"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", ["celery", "redis"])
def test_missing_packages_exit_with_2(package: str) -> None:
    run = run_without(package, "to-sqs")
    assert run.returncode == 2
    assert "pip install -r celery_bridge/requirements.txt" in run.stderr and "Traceback" not in run.stderr


def test_help_needs_no_packages_and_no_settings() -> None:
    run = run_without("celery", "--help")
    assert (run.returncode, run.stderr) == (0, "")
    assert "to-sqs | to-celery" in run.stdout and "exit codes:" in run.stdout
