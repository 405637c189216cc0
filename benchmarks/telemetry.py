"""What a stalled metrics destination does to the API: `python -m benchmarks.telemetry`.

Two whole systems run side by side. The records of one go to an agent that reads, those of the other to one
that accepts the connection and never reads. Both get the same requests in short alternating blocks, so what
else the machine does hits both alike: judge by the median ratio of neighbouring blocks.
"""

import argparse
import re
import shutil
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple, Protocol

import psutil
from rich.console import Console
from rich.table import Table

from local.client import ApiClient, PlayerAccount
from local.sample_clip import render_sample
from local.system.local_system import LocalSystem, check_stopped_well
from local.system.processes import ManagedProcess
from worker.media.encoder import find_encoder

HOME = Path(".local/bench-telemetry").resolve()
CONNECTIONS = 8
BLOCK_REQUESTS = 40  # short, so that two neighbours meet the same load
WARM_UP_BLOCKS = 2
# Fewer than the requests, so that the stalled system must give records up, and we see that it counts them.
QUEUE_RECORDS_MAX = 500
# Small and fixed: what the kernel takes of a stalled system's records would otherwise depend on the machine.
RECEIVE_BUFFER_BYTES = 4096
CLIP_SECONDS = 20
RATIO_MAX = 1.1
LOOK_SECONDS = 0.5
PROCESS_SECONDS_MAX = 600.0
PATH = "/api/health/live"  # no I/O at all: the record is as large a part of this request as of any


class Agent(Protocol):
    """A listener where a CloudWatch agent would be."""

    port: int
    records: int

    def close(self) -> None:
        """Stop listening."""


class StalledAgent:
    """Lets the kernel accept, and never reads."""

    records = 0

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()


class ReadingAgent:
    """Reads and counts the records of all its connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.records = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(64 * 1024):
                with self._lock:
                    self.records += data.count(b"\n")

    def close(self) -> None:
        self._listener.close()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a process said about its records when it closed."""

    written: int
    dropped: int


@dataclass(slots=True)
class DestinationVariant:
    """One system, its agent, and what was measured of it."""

    agent: Agent
    system: LocalSystem
    latencies_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    video_seconds: float | None = None


class Round(NamedTuple):
    """The two systems that were measured side by side."""

    reading: DestinationVariant
    stalled: DestinationVariant


def main() -> int:
    """Run, report; the exit code is 1 when a target is missed."""
    arguments = _arguments()
    rounds = [
        _run_round(number, arguments.requests, with_video=number == 0 and not arguments.no_video)
        for number in range(arguments.rounds)
    ]
    return _report(Console(), rounds)


def _run_round(number: int, requests: int, *, with_video: bool) -> Round:
    """Two new systems: how one process shares its lock among its threads may differ for its whole life."""
    with ExitStack() as stack:
        variants = Round(
            stack.enter_context(_variant(f"reading-{number}", ReadingAgent())),
            stack.enter_context(_variant(f"stalled-{number}", StalledAgent())),
        )
        _send_requests(variants, requests)
        if with_video:
            _process_videos(variants)
        for variant in variants:
            check_stopped_well(variant.system.api)
            check_stopped_well(variant.system.worker)
    return variants


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The API with a stalled metrics destination beside a healthy one.")
    parser.add_argument("--rounds", type=int, default=3, help="how often two new systems are started and measured")
    parser.add_argument("--requests", type=int, default=2000, help="requests to each of the two, in each round")
    parser.add_argument("--no-video", action="store_true", help="leave out the video that each worker processes")
    return parser.parse_args()


@contextmanager
def _variant(name: str, agent: Agent) -> Iterator[DestinationVariant]:
    directory = HOME / name
    shutil.rmtree(directory, ignore_errors=True)
    overrides = {
        "ANB_EMF_DESTINATION": f"tcp://127.0.0.1:{agent.port}",
        "ANB_EMF_QUEUE_RECORDS_MAX": str(QUEUE_RECORDS_MAX),
    }
    try:
        with LocalSystem(directory, overrides=overrides) as system:
            yield DestinationVariant(agent, system)
    finally:
        agent.close()


def _send_requests(variants: Round, requests: int) -> None:
    """Blocks in the order A B B A, so that neither is always the second one."""
    blocks = requests // BLOCK_REQUESTS
    with ExitStack() as stack:
        callers = [stack.enter_context(_Caller(variant)) for variant in variants]
        for caller in callers * WARM_UP_BLOCKS:
            caller.send_block()
        for variant in variants:
            variant.latencies_ms.clear()
            variant.cpu_seconds = 0.0
        for block in range(blocks):
            for caller in callers if block % 2 == 0 else reversed(callers):
                caller.send_block()


class _Caller:
    """Sends blocks of requests to one system over its open connections."""

    def __init__(self, variant: DestinationVariant) -> None:
        self._variant = variant
        address = variant.system.api_url.removeprefix("http://")
        self._connections = [HTTPConnection(address, timeout=30) for _ in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def __enter__(self) -> "_Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def send_block(self) -> None:
        """One block over all connections; the latencies and the CPU time of the API go to the variant."""
        cpu_before = _cpu_seconds(self._variant.system.api)
        shares = [len(range(n, BLOCK_REQUESTS, CONNECTIONS)) for n in range(CONNECTIONS)]
        for latencies_ms in self._pool.map(_send, self._connections, shares):
            self._variant.latencies_ms += latencies_ms
        self._variant.cpu_seconds += _cpu_seconds(self._variant.system.api) - cpu_before


def _send(connection: HTTPConnection, count: int) -> list[float]:
    latencies_ms = []
    for _ in range(count):
        started = time.perf_counter()
        connection.request("GET", PATH)
        answer = connection.getresponse()
        answer.read()
        latencies_ms.append((time.perf_counter() - started) * 1000)
        assert answer.status == 200, answer.status
    return latencies_ms


def _cpu_seconds(process: ManagedProcess) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def _process_videos(variants: Round) -> None:
    clip = HOME / f"clip-{CLIP_SECONDS}s.mp4"
    if not clip.exists():
        render_sample(find_encoder(None).path, clip, seconds=CLIP_SECONDS)
    for variant in variants:
        variant.video_seconds = _process_video(variant.system, clip)


def _process_video(system: LocalSystem, clip: Path) -> float:
    """Seconds from the accepted upload to the published clip."""
    client = ApiClient(system.api_url)
    account = PlayerAccount("Laura", "Gómez", f"{uuid.uuid4().hex}@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    video_id = client.upload(clip, "Mi mejor jugada")
    started = time.monotonic()
    while (status := client.video(video_id)["status"]) != "processed":
        assert status != "failed", f"{clip} was refused"
        assert time.monotonic() < started + PROCESS_SECONDS_MAX, f"{clip} was not processed in time"
        time.sleep(LOOK_SECONDS)
    client.close()
    return time.monotonic() - started


def _counts(process: ManagedProcess) -> Counts:
    """The counts in the last words of a process that has ended."""
    found = re.search(r"telemetry closed: (\d+) records written, (\d+) dropped", process.log.read_text())
    assert found, f"{process.log} does not say how many records were written"
    return Counts(int(found[1]), int(found[2]))


def _report(console: Console, rounds: list[Round]) -> int:
    requests = len(rounds[0].reading.latencies_ms)
    table = Table("", title=f"{requests} requests GET {PATH} to each of two APIs, {CONNECTIONS} connections")
    for name in ("reading agent", "stalled agent"):
        table.add_column(name, justify="right")
    for name, figure in FIGURES.items():
        table.add_row(name, *(" · ".join(map(figure, variants)) for variants in zip(*rounds, strict=True)))
    console.print(table)
    ratios = [_ratio(*variants) for variants in rounds]
    lost = sum(_counts(variants.reading.system.api).dropped for variants in rounds)
    console.print(f"latency, stalled to reading: {median(ratios):.3f} (median of the rounds; at most {RATIO_MAX})")
    console.print(f"of the rounds: {', '.join(f'{ratio:.3f}' for ratio in ratios)} (medians of all pairs of blocks)")
    console.print(f"records lost on the way to the agent that reads: {lost} (at most 0)")
    return 0 if median(ratios) <= RATIO_MAX and lost == 0 else 1


def _ratio(reading: DestinationVariant, stalled: DestinationVariant) -> float:
    """The median, over all pairs of neighbouring blocks, of the ratio of their median latencies."""
    ratios = [
        median(of_stalled) / median(of_reading)
        for of_stalled, of_reading in zip(_blocks(stalled), _blocks(reading), strict=True)
    ]
    return median(ratios)


def _blocks(variant: DestinationVariant) -> list[list[float]]:
    starts = range(0, len(variant.latencies_ms), BLOCK_REQUESTS)
    return [variant.latencies_ms[start : start + BLOCK_REQUESTS] for start in starts]


FIGURES: dict[str, Callable[[DestinationVariant], str]] = {
    "p50, ms": lambda variant: f"{median(variant.latencies_ms):.2f}",
    "p99, ms": lambda variant: f"{quantiles(variant.latencies_ms, n=100)[98]:.1f}",
    "CPU of the API, µs/request": lambda variant: f"{variant.cpu_seconds / len(variant.latencies_ms) * 1e6:.0f}",
    "API: records written": lambda variant: str(_counts(variant.system.api).written),
    "API: records dropped, and counted": lambda variant: str(_counts(variant.system.api).dropped),
    "worker: a video, s": lambda variant: f"{variant.video_seconds:.1f}" if variant.video_seconds else "-",
    "worker: records written": lambda variant: str(_counts(variant.system.worker).written),
    "worker: records dropped, and counted": lambda variant: str(_counts(variant.system.worker).dropped),
    "records that arrived at the agent": lambda variant: str(variant.agent.records),
}


if __name__ == "__main__":
    sys.exit(main())
