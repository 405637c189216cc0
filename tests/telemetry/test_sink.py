"""The sink never blocks the work, counts every record that it loses, and never mixes lines."""

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from cloudwatch.emf import read_document, read_lines
from telemetry.catalogue import TELEMETRY, WORKER_HEARTBEAT
from telemetry.destinations import AgentDestination, DescriptorDestination
from telemetry.recorder import RecordFormat
from telemetry.sink import Destination, Sink, SinkCounts
from tests.telemetry.conftest import StartEmitter
from tests.telemetry.receivers import (
    HeldDestination,
    MemoryDestination,
    StalledAgent,
    StalledPipe,
    StalledReceiver,
    run_to_end,
    wait_until,
)

THREADS = 8
RECORDS = 4000
NEIGHBOUR_THREADS = 2
MORE_THAN_ANY_BUFFER = "x" * 16_000_000
LONG_SECONDS = 30.0
SHORT_SECONDS = 0.05


def tags(name: str, threads: int, records: int) -> set[str]:
    return {f"{name}/{thread}/{number}" for thread in range(threads) for number in range(records)}


def test_every_record_of_many_threads_arrives_once_and_whole_although_another_process_writes_to_the_pipe(
    start_emitter: StartEmitter,
) -> None:
    reader, writer = os.pipe()
    processes = [
        start_emitter("stdout", "first", THREADS, RECORDS, stdout=writer),
        start_emitter("stdout", "neighbour", NEIGHBOUR_THREADS, RECORDS, stdout=writer),
    ]
    os.close(writer)
    with os.fdopen(reader) as pipe:
        lines = pipe.read().splitlines()
    assert [process.wait() for process in processes] == [0, 0]

    assert all(read_document(line) for line in lines)
    found = Counter(tag for line in lines if (tag := json.loads(line).get("tag")))
    assert set(found) == tags("first", THREADS, RECORDS) | tags("neighbour", NEIGHBOUR_THREADS, RECORDS)
    assert set(found.values()) == {1}


def test_records_of_one_thread_keep_their_order() -> None:
    destination = MemoryDestination()
    sink = Sink(destination, records_max=1000)
    for number in range(1000):
        sink.submit(str(number))
    sink.close(LONG_SECONDS)
    assert destination.lines == [str(number) for number in range(1000)]


def test_a_full_queue_drops_its_oldest_records_and_counts_each() -> None:
    destination = HeldDestination()
    sink = Sink(destination, records_max=10)
    sink.submit("in hand")
    assert destination.writing.wait(LONG_SECONDS)
    for number in range(100):
        sink.submit(str(number))
    assert sink.counts == SinkCounts(emitted=0, dropped=90)
    destination.release.set()
    sink.close(LONG_SECONDS)
    assert destination.lines == ["in hand", *(str(number) for number in range(90, 100))]
    assert sink.counts == SinkCounts(emitted=11, dropped=90)


@pytest.fixture(params=["agent", "pipe"])
def stalled(request: pytest.FixtureRequest) -> tuple[Destination, StalledReceiver]:
    """A destination, and its receiver, which does not read."""
    if request.param == "agent":
        agent: StalledAgent = request.getfixturevalue("stalled_agent")
        return AgentDestination("127.0.0.1", agent.port), agent
    pipe: StalledPipe = request.getfixturevalue("stalled_pipe")
    return DescriptorDestination(pipe.writer), pipe


def test_a_stalled_destination_blocks_no_caller_and_every_record_is_counted(
    stalled: tuple[Destination, StalledReceiver],
) -> None:
    destination, receiver = stalled
    sink = Sink(destination, records_max=100)
    sink.submit(MORE_THAN_ANY_BUFFER)
    receiver.wait_for_bytes()  # from now on the writer is blocked in the write of this line

    run_to_end(lambda: _submit_from_threads(sink, 1000))
    assert sink.counts == SinkCounts(emitted=0, dropped=8 * 1000 - 100)
    run_to_end(lambda: sink.close(SHORT_SECONDS))
    assert sink.counts == SinkCounts(emitted=0, dropped=8 * 1000)
    receiver.leave()
    wait_until(
        lambda: sink.counts == SinkCounts(emitted=0, dropped=8 * 1000 + 1),
        "the line of the blocked write counted as lost",
    )
    run_to_end(lambda: sink.close(LONG_SECONDS))  # the writer has ended, so the test may close the receiver


def test_closing_a_sink_with_a_stalled_destination_is_logged(
    stalled: tuple[Destination, StalledReceiver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    destination, receiver = stalled
    sink = Sink(destination, records_max=100)
    sink.submit(MORE_THAN_ANY_BUFFER)
    receiver.wait_for_bytes()
    sink.submit("waits")
    sink.close(SHORT_SECONDS)
    assert caplog.messages == ["telemetry destination is stalled", "telemetry closed: 0 records written, 1 dropped"]
    receiver.leave()
    sink.close(LONG_SECONDS)


def test_a_record_after_the_close_is_counted_as_dropped() -> None:
    destination = MemoryDestination()
    sink = Sink(destination, records_max=10)
    sink.submit("in time")
    sink.close(LONG_SECONDS)
    sink.submit("too late")
    assert sink.counts == SinkCounts(emitted=1, dropped=1)
    assert destination.lines == ["in time"]


def test_a_sink_that_closes_while_its_destination_is_away_does_not_wait_for_it() -> None:
    sink = Sink(_Away(), records_max=100)
    for number in range(100):
        sink.submit(str(number))
    run_to_end(lambda: sink.close(LONG_SECONDS))
    assert sink.counts == SinkCounts(emitted=0, dropped=100)


def test_an_unreachable_destination_is_logged_once_and_not_for_each_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    destination = _Away()
    sink = Sink(destination, records_max=100)
    sink.submit("waits")
    wait_until(lambda: destination.tries >= 3, "tried again")
    sink.close(LONG_SECONDS)
    assert [record.message for record in caplog.records] == [
        "telemetry destination is away, records wait: nobody is there"
    ]


def test_the_reports_add_up_to_what_was_written_and_lost(record_format: RecordFormat) -> None:
    destination = MemoryDestination()
    sink = Sink(destination, records_max=1000, report=_report(record_format), report_seconds=SHORT_SECONDS)
    for batch in range(3):
        for _ in range(100):
            sink.submit(record_format.line(WORKER_HEARTBEAT, {"BusySlots": batch}))
        sink.count_dropped()
        wait_until(lambda batch=batch: len(_reports(destination)) > batch, "a report")  # type: ignore[misc]
    sink.close(LONG_SECONDS)
    reports = _reports(destination)
    assert sum(emitted for emitted, _ in reports) == sink.counts.emitted - 1  # the last report does not count itself
    assert sum(dropped for _, dropped in reports) == sink.counts.dropped == 3
    assert sink.counts.emitted == len(destination.lines) == 300 + len(reports)


def test_a_report_is_written_at_the_close_although_none_is_due(record_format: RecordFormat) -> None:
    destination = MemoryDestination()
    sink = Sink(destination, records_max=10, report=_report(record_format))
    sink.submit(record_format.line(WORKER_HEARTBEAT, {"BusySlots": 0}))
    sink.count_dropped()
    sink.close(LONG_SECONDS)
    assert _reports(destination) == [(1, 1)]


def test_the_report_on_a_loss_is_not_lost_in_the_same_full_queue(record_format: RecordFormat) -> None:
    destination = HeldDestination()
    sink = Sink(destination, records_max=1, report=_report(record_format), report_seconds=SHORT_SECONDS)
    filler = record_format.line(WORKER_HEARTBEAT, {"BusySlots": 0})
    sink.submit(filler)
    assert destination.writing.wait(LONG_SECONDS)
    for _ in range(5):
        sink.submit(filler)
    destination.release.set()
    sink.close(LONG_SECONDS)
    assert sum(dropped for _, dropped in _reports(destination)) == sink.counts.dropped >= 4


def test_a_slow_destination_gets_reports_although_the_queue_is_never_empty(
    record_format: RecordFormat,
) -> None:
    destination = _NeverDone(record_format.line(WORKER_HEARTBEAT, {"BusySlots": 0}))
    destination.sink = Sink(destination, records_max=10, report=_report(record_format), report_seconds=SHORT_SECONDS)
    destination.sink.submit(destination.next_line)
    wait_until(destination.has_report.is_set, "a report")
    destination.sink.close(LONG_SECONDS)


class _Away:
    """A destination that cannot be reached."""

    def __init__(self) -> None:
        self.tries = 0

    def write(self, line: bytes) -> None:
        self.tries += 1
        raise OSError("nobody is there")

    def close(self) -> None:
        """Do nothing: nothing is open."""


class _NeverDone:
    """Submits another line during each write, until a report is written."""

    sink: Sink

    def __init__(self, next_line: str) -> None:
        self.next_line = next_line
        self.has_report = threading.Event()

    def write(self, line: bytes) -> None:
        if json.loads(line)["Record"] == TELEMETRY.name:
            self.has_report.set()
        if not self.has_report.is_set():
            self.sink.submit(self.next_line)

    def close(self) -> None:
        self.has_report.set()


def _submit_from_threads(sink: Sink, count: int) -> None:
    def submit() -> None:
        for number in range(count):
            sink.submit(str(number))

    threads = [threading.Thread(target=submit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _report(record_format: RecordFormat) -> Callable[[SinkCounts], str]:
    def report(counts: SinkCounts) -> str:
        return record_format.line(TELEMETRY, {"RecordsEmitted": counts.emitted, "RecordsDropped": counts.dropped})

    return report


def _reports(destination: HeldDestination) -> list[tuple[float, float]]:
    """(emitted, dropped) of each report that was written."""
    values: dict[str, list[float]] = {"RecordsEmitted": [], "RecordsDropped": []}
    for point in read_lines(list(destination.lines)):
        if point.name in values:
            values[point.name].extend(point.values)
    return list(zip(values["RecordsEmitted"], values["RecordsDropped"], strict=True))
