"""A queue that answers after 40 s, or no longer exists: uploads stay fast, and processes stop and recover in time."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

from local.client import ApiClient, PlayerAccount
from local.system.aws_emulator import AwsEmulator
from local.system.processes import ManagedProcess
from tests.clips import Clips
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.system_under_faults import END_SECONDS, VISIBILITY_SECONDS, SystemUnderFaults
from tests.faults.test_scenarios import finish, sqs
from tests.records import shift_due

SLOW_MS = 40_000
UPLOADS = 8  # as many as the API has threads
UPLOAD_SECONDS_MAX = 12.0  # 3 on an idle machine; one call with all its attempts takes 20
STOP_SECONDS_MAX = 18.0  # a call of a sweep takes 7, and a receive 1


def slow(*operations: str) -> list[Rule]:
    return [sqs(operation, latency=SLOW_MS) for operation in operations]


def seconds_to_end(*processes: ManagedProcess) -> float:
    """SIGTERM to all. Each must end by itself, with 0."""
    began = time.monotonic()
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(END_SECONDS) for process in processes] == [0] * len(processes)
    return time.monotonic() - began


def test_a_slow_queue_delays_neither_uploads_nor_the_end_of_a_process(
    system: SystemUnderFaults, emulator: AwsEmulator, clips: Clips
) -> None:
    with FaultProxy(system.directory / "proxy.log", emulator.url) as proxy:
        api = system.start_api(**system.through(proxy.url))
        worker = system.start_worker(**system.through(proxy.url))
        client = ApiClient(f"http://127.0.0.1:{system.api_port}")
        account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
        client.sign_up(account)
        client.log_in(account)
        proxy.set_rules(*slow("SendMessage"))

        def upload_seconds(number: int) -> float:
            began = time.monotonic()
            client.upload(clips.plain(), f"Jugada {number}")
            return time.monotonic() - began

        with ThreadPoolExecutor(UPLOADS) as threads:
            seconds = list(threads.map(upload_seconds, range(UPLOADS)))
        assert max(seconds) < UPLOAD_SECONDS_MAX, seconds
        assert 1 <= proxy.fired() <= UPLOADS, "each was sent once, or not at all"
        client.close()

        for _ in range(40):
            shift_due(system.database, system.accepted_video(send=False).video_id, -1)
        before = proxy.fired()
        system.wait_until(lambda: proxy.fired() >= before + 2, "both sweepers wait for the queue")
        assert seconds_to_end(api, worker) < STOP_SECONDS_MAX


def test_the_messages_of_a_receive_that_ends_after_sigterm_are_released_in_one_call(
    system: SystemUnderFaults, emulator: AwsEmulator
) -> None:
    with FaultProxy(system.directory / "proxy.log", emulator.url) as proxy:
        settings = {"ANB_POLL_SECONDS": "5", "ANB_WORKER_SLOTS": "10", "ANB_OUTBOX_INTERVAL_SECONDS": "600"}
        leaving = system.start_worker("leaving", **settings, **system.through(proxy.url))
        # The first message ends the poll; so the others arrive before the worker looks at what it has.
        proxy.set_rules(
            sqs("ReceiveMessage", latency=1000), *slow("ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
        )
        system.wait_until(lambda: proxy.fired() >= 1, "a receive is under way")
        began = time.monotonic()
        leaving.send_signal(signal.SIGTERM)
        entries = [system.accepted_video() for _ in range(5)]
        assert leaving.wait(END_SECONDS) == 0
        assert time.monotonic() - began < STOP_SECONDS_MAX
        proxy.set_rules()
    system.start_worker("next", FAKE_ENCODER="0.02", ANB_WORKER_SLOTS="5")
    finish(system, *entries, seconds=END_SECONDS + VISIBILITY_SECONDS)
    assert all(system.state(entry).attempts == 1 for entry in entries)


def test_a_worker_whose_queue_is_deleted_waits_ever_longer_and_goes_on_when_it_is_back(
    system: SystemUnderFaults, emulator: AwsEmulator
) -> None:
    worker = system.start_worker()
    emulator.sqs.delete_queue(QueueUrl=system.queues.jobs)
    system.wait_until(lambda: worker.logged("polling pauses for 4 s"), "the pauses grow")
    assert not worker.logged("answers again"), "it asks the queue, which is what failed"
    emulator.sqs.create_queue(
        QueueName=system.queues.jobs.rpartition("/")[2], Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    )
    system.wait_until(lambda: worker.logged("answers again"), "it polls again")
    finish(system, system.accepted_video())
