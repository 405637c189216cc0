"""Destinations keep records through rotations, restarts and short outages, and write whole lines."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudwatch.emf import read_document
from local.system.processes import free_port
from telemetry.destinations import (
    AgentDestination,
    DescriptorDestination,
    FileDestination,
    NoDestination,
    UnusableDestination,
    open_destination,
)
from telemetry.recorder import open_process_recorder
from telemetry.settings import TelemetrySettings
from telemetry.sink import Sink, SinkCounts
from tests.telemetry.conftest import StartEmitter
from tests.telemetry.receivers import Agent, StalledAgent, run_to_end, wait_until

StartAgent = Callable[..., Agent]

RECORDS_MAX = 10_000
CLOSE_SECONDS = 30.0
LARGE = "x" * 16_000_000  # more than the buffers of any connection


def numbered(first: int, end: int) -> list[str]:
    return [f"record {number}" for number in range(first, end)]


def submit(sink: Sink, lines: list[str]) -> None:
    for line in lines:
        sink.submit(line)


def wait_for_emitted(sink: Sink, count: int) -> None:
    wait_until(lambda: sink.counts.emitted == count, f"{count} records written")


def emitted(count: int) -> SinkCounts:
    return SinkCounts(emitted=count, dropped=0)


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "emf.log"
    for line in (b"one\n", b"two\n"):
        destination = FileDestination(path)
        destination.write(line)
        destination.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_after_a_rotation_records_go_to_a_new_file_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "emf.log"
    sink = Sink(FileDestination(path), records_max=RECORDS_MAX)
    submit(sink, numbered(0, 10))
    wait_for_emitted(sink, 10)
    path.rename(tmp_path / "emf.log.1")
    submit(sink, numbered(10, 20))
    sink.close(CLOSE_SECONDS)
    assert (tmp_path / "emf.log.1").read_text().splitlines() == numbered(0, 10)
    assert path.read_text().splitlines() == numbered(10, 20)


def test_rotations_during_a_stream_of_records_lose_and_repeat_none(tmp_path: Path) -> None:
    path = tmp_path / "emf.log"
    sink = Sink(FileDestination(path), records_max=RECORDS_MAX)
    for rotation in range(5):
        submit(sink, numbered(rotation * 1000, rotation * 1000 + 1000))
        wait_until(path.exists, "a new file")
        path.rename(tmp_path / f"emf.log.{rotation}")  # while the writer writes
    sink.close(CLOSE_SECONDS)
    lines = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    assert sorted(lines) == sorted(numbered(0, 5000))


def test_a_file_whose_folder_was_away_for_a_while_is_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    destination = FileDestination(folder / "emf.log")
    shutil.rmtree(folder)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            destination.write(b"record\n")
    folder.mkdir()
    destination.write(b"record\n")
    destination.close()
    assert (folder / "emf.log").read_bytes() == b"record\n"


def test_several_processes_that_append_to_one_file_give_whole_lines(
    tmp_path: Path, start_emitter: StartEmitter
) -> None:
    path = tmp_path / "emf.log"
    processes = [start_emitter(f"file:{path}", f"process{number}", 2, 500) for number in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    lines = path.read_text().splitlines()
    assert all(read_document(line) for line in lines)
    tags = Counter(tag for line in lines if (tag := json.loads(line).get("tag")))
    assert len(tags) == 3 * 2 * 500
    assert set(tags.values()) == {1}


def test_a_line_that_was_torn_by_an_error_does_not_spoil_the_next_one() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)  # so that a full pipe raises an error, as a full disk does
    destination = DescriptorDestination(writer)
    with pytest.raises(BlockingIOError):
        destination.write(b"x" * 1_000_000 + b"\n")
    torn = os.read(reader, 1_000_000)
    destination.write(b"whole\n")
    destination.write(b"next\n")
    assert torn.strip(b"x") == b""
    assert os.read(reader, 1_000_000) == b"\nwhole\nnext\n"
    os.close(reader)
    os.close(writer)


def test_an_agent_gets_every_record_in_order(start_agent: StartAgent) -> None:
    agent = start_agent()
    sink = Sink(AgentDestination("127.0.0.1", agent.port), records_max=RECORDS_MAX)
    submit(sink, numbered(0, 1000))
    agent.wait_for(1000)
    sink.close(CLOSE_SECONDS)
    assert agent.lines == numbered(0, 1000)
    assert sink.counts == emitted(1000)


def test_records_wait_for_an_agent_that_is_not_there_yet(
    start_agent: StartAgent, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    sink = Sink(AgentDestination("127.0.0.1", port), records_max=RECORDS_MAX)
    submit(sink, numbered(0, 100))
    wait_until(lambda: "telemetry destination is away" in caplog.text, "refused")
    assert sink.counts == emitted(0)
    agent = start_agent(port)
    agent.wait_for(100)
    sink.close(CLOSE_SECONDS)
    assert agent.lines == numbered(0, 100)
    assert sink.counts == emitted(100)


def test_after_a_restart_of_the_agent_every_record_has_arrived_exactly_once(start_agent: StartAgent) -> None:
    before = start_agent()
    sink = Sink(AgentDestination("127.0.0.1", before.port), records_max=RECORDS_MAX)
    submit(sink, numbered(0, 100))
    before.wait_for(100)
    before.close()
    submit(sink, numbered(100, 200))  # the first of these would be lost in the half-closed connection
    after = start_agent(before.port)
    submit(sink, numbered(200, 300))
    after.wait_for(200)
    sink.close(CLOSE_SECONDS)
    assert before.lines == numbered(0, 100)
    assert after.lines == numbered(100, 300)
    assert sink.counts == emitted(300)


def test_a_record_that_was_cut_off_in_the_middle_is_sent_again_as_a_whole(
    start_agent: StartAgent, stalled_agent: StalledAgent
) -> None:
    sink = Sink(AgentDestination("127.0.0.1", stalled_agent.port), records_max=RECORDS_MAX)
    submit(sink, [LARGE, "next"])
    stalled_agent.wait_for_bytes()
    stalled_agent.leave()
    agent = start_agent(stalled_agent.port)
    agent.wait_for(2)
    sink.close(CLOSE_SECONDS)
    assert agent.lines == [LARGE, "next"]
    assert sink.counts == emitted(2)


def test_an_agent_that_does_not_read_is_disconnected_and_called_again(stalled_agent: StalledAgent) -> None:
    sink = Sink(AgentDestination("127.0.0.1", stalled_agent.port, stall_seconds=0.2), records_max=RECORDS_MAX)
    sink.submit(LARGE)
    first = stalled_agent.accept()
    second = stalled_agent.accept()
    assert first.recv(10) == second.recv(10) == LARGE[:10].encode()
    stalled_agent.leave()
    run_to_end(lambda: sink.close(CLOSE_SECONDS))
    assert sink.counts == SinkCounts(emitted=0, dropped=1)


def test_a_stopped_agent_is_detected_before_a_record_is_written_to_its_old_connection(start_agent: StartAgent) -> None:
    agent = start_agent()
    destination = AgentDestination("127.0.0.1", agent.port)
    destination.write(b"record\n")
    agent.wait_for(1)
    agent.close()
    with pytest.raises(ConnectionResetError, match="the agent closed the connection"):
        destination.write(b"next\n")
    with pytest.raises(ConnectionRefusedError):
        destination.write(b"next\n")
    destination.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("stdout", DescriptorDestination),
        ("none", NoDestination),
        ("tcp://127.0.0.1:25888", AgentDestination),
        ("tcp://cloudwatch-agent:25888", AgentDestination),
        ("tcp://agent.example.com:65535", AgentDestination),
    ],
)
def test_each_form_of_destination_is_understood(name: str, kind: type) -> None:
    assert type(open_destination(name)) is kind


def test_a_file_destination_is_opened_at_the_path_after_the_colon(tmp_path: Path) -> None:
    destination = open_destination(f"file:{tmp_path}/a:b/emf.log")
    destination.write(b"record\n")
    destination.close()
    assert (tmp_path / "a:b" / "emf.log").read_bytes() == b"record\n"


def test_stdout_goes_to_descriptor_1_past_the_buffers_of_python(capfd: pytest.CaptureFixture[str]) -> None:
    destination = open_destination("stdout")
    destination.write(b"record\n")
    destination.close()
    assert capfd.readouterr().out == "record\n"


def test_the_destination_none_discards_records(capfd: pytest.CaptureFixture[str]) -> None:
    sink = Sink(open_destination("none"), records_max=10)
    sink.submit("record")
    sink.close(CLOSE_SECONDS)
    assert sink.counts == emitted(1)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "stderr",
        "STDOUT",
        "file:",
        "emf.log",
        "tcp://",
        "tcp://agent",
        "tcp://:25888",
        "tcp://agent:",
        "tcp://agent:http",
        "tcp://agent:0",
        "tcp://agent:65536",
        "tcp://agent:-1",
        "tcp://agent:25888/path",
        "tcp://agent..example:25888",
        "udp://agent:25888",
    ],
)
def test_any_other_destination_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match=r"destination|idna"):
        open_destination(name)


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("directory", "Is a directory"),
        ("file/emf.log", "File exists|Not a directory"),
        ("pipe", "No such device or address"),
        ("/proc/nowhere/emf.log", "No such file or directory|Permission denied"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused_at_the_start_by_the_name_of_its_variable(
    tmp_path: Path, path: str, cause: str
) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    settings = TelemetrySettings(ANB_EMF_DESTINATION=f"file:{tmp_path / path}")
    with pytest.raises(UnusableDestination, match=rf"ANB_EMF_DESTINATION: file:.* cannot be opened \(({cause})\)"):
        open_process_recorder(settings, "test")
