"""A load generator as a process of its own: keep-alive connections that each send the next request at once.

`python -m benchmarks.api.load 127.0.0.1:8080 /path --connections 16 --seconds 3 [--header "Name: value"]` prints what
it saw as JSON. One thread and one selector: it takes some 20 us of its own core a request, and adds no parsing
beyond the status line and the Content-Length. wrk would do the same, but is not on every machine.
"""

import argparse
import json
import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

RECEIVE_BYTES = 256 * 1024
SILENCE_SECONDS_MAX = 10.0
ANSWERS_MIN = 2  # fewer have no percentiles
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """What so many connections saw. ``failures`` are answers that are not 200."""

    requests: int
    failures: int
    seconds: float
    answer_bytes: int
    median_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class Connection:
    """One request at a time. Raises ConnectionError when the server ends it."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.socket = socket.create_connection(address, timeout=SILENCE_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._received = b""
        self.sent_at = 0.0

    def send(self) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(self._request)

    def receive(self) -> bytes | None:
        """The answer, once all of it is here."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server has ended a connection")
        self._received = self._received + data if self._received else data
        return self._received if is_whole(self._received) else None


def is_whole(answer: bytes) -> bool:
    """Whether an answer is complete. It must tell its Content-Length: raises ValueError."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = _LENGTH.search(answer, 0, head_end)
    if length is None:
        raise ValueError(f"an answer without Content-Length: {answer[:head_end]!r}")
    return len(answer) >= head_end + 4 + int(length[1])


def generate(address: tuple[str, int], path: str, *, connections: int, seconds: float, headers: Sequence[str]) -> Load:
    """Keep all connections busy for so long. Raises ConnectionError when the server is silent or hangs up."""
    request = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {address[0]}", *headers, "", ""]).encode()
    with selectors.DefaultSelector() as selector:
        lanes = [Connection(address, request) for _ in range(connections)]
        for lane in lanes:
            selector.register(lane.socket, selectors.EVENT_READ, lane)
        try:
            return _run(selector, lanes, seconds)
        finally:
            for lane in lanes:
                lane.socket.close()


def _run(selector: selectors.BaseSelector, lanes: list[Connection], seconds: float) -> Load:
    latencies_ms: list[float] = []
    failures = answer_bytes = 0
    started = time.perf_counter()
    for lane in lanes:
        lane.send()
    while (now := time.perf_counter()) < started + seconds or len(latencies_ms) < ANSWERS_MIN:
        ready = selector.select(SILENCE_SECONDS_MAX)
        if not ready:
            raise ConnectionError("the server answers nothing")
        for key, _ in ready:
            lane = key.data
            if (answer := lane.receive()) is None:
                continue
            latencies_ms.append((time.perf_counter() - lane.sent_at) * 1000)
            failures += not answer.startswith(b"HTTP/1.1 200")
            answer_bytes = len(answer)
            lane.send()
    marks = quantiles(latencies_ms, n=100)
    return Load(len(latencies_ms), failures, now - started, answer_bytes, marks[49], marks[98])


def main() -> int:
    parser = argparse.ArgumentParser(description="Keep a server busy with one request.")
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("path")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--header", action="append", default=[], metavar="NAME: VALUE")
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    load = generate(
        (host, int(port)),
        arguments.path,
        connections=arguments.connections,
        seconds=arguments.seconds,
        headers=arguments.header,
    )
    print(json.dumps(asdict(load)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
