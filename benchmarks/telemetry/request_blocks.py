"""Sends the same requests to two systems in short alternating blocks, so that other processes slow both equally."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median

import psutil

from benchmarks.process_figures import cpu_of
from benchmarks.telemetry.emf_agents import EmfAgent
from local.system.local_system import LocalSystem

CONNECTIONS = 8
BLOCK_REQUESTS = 40  # short, so that two neighbouring blocks meet the same load
WARM_UP_BLOCKS = 2
PATH = "/api/health/live"  # it does no other I/O, so the record is as large a part of the request as it can be


@dataclass(slots=True)
class DestinationVariant:
    """A system, the agent that its records go to, and the measurements of its API and worker."""

    agent: EmfAgent
    system: LocalSystem
    latencies_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    video_seconds: float | None = None


class BlockSender:
    """A context manager: sends blocks of requests to one API over connections that stay open."""

    def __init__(self, variant: DestinationVariant) -> None:
        self._variant = variant
        self._api = psutil.Process(variant.system.api.pid)
        address = variant.system.api_url.removeprefix("http://")
        self._connections = [HTTPConnection(address, timeout=30) for _ in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def __enter__(self) -> "BlockSender":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def send_block(self) -> None:
        """Send one block over all connections; add the latencies and the CPU time of the API to the variant."""
        cpu_before = cpu_of(self._api).own
        shares = [len(range(n, BLOCK_REQUESTS, CONNECTIONS)) for n in range(CONNECTIONS)]
        for latencies_ms in self._pool.map(_send, self._connections, shares):
            self._variant.latencies_ms += latencies_ms
        self._variant.cpu_seconds += cpu_of(self._api).own - cpu_before


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


def send_alternating(variants: tuple[DestinationVariant, DestinationVariant], requests: int) -> None:
    """Send about that many requests to each variant: in the order A B B A, so that neither is always the second."""
    with ExitStack() as stack:
        senders = [stack.enter_context(BlockSender(variant)) for variant in variants]
        for sender in senders * WARM_UP_BLOCKS:
            sender.send_block()
        for variant in variants:
            variant.latencies_ms.clear()
            variant.cpu_seconds = 0.0
        for block in range(requests // BLOCK_REQUESTS):
            for sender in senders if block % 2 == 0 else reversed(senders):
                sender.send_block()


def latency_ratio(reading: DestinationVariant, stalled: DestinationVariant) -> float:
    """The median, over all pairs of neighbouring blocks, of the ratio of their median latencies."""
    ratios = [
        median(of_stalled) / median(of_reading)
        for of_stalled, of_reading in zip(_blocks(stalled), _blocks(reading), strict=True)
    ]
    return median(ratios)


def _blocks(variant: DestinationVariant) -> list[list[float]]:
    starts = range(0, len(variant.latencies_ms), BLOCK_REQUESTS)
    return [variant.latencies_ms[start : start + BLOCK_REQUESTS] for start in starts]
