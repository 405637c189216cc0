"""``python -m benchmarks.api.load``: a load generator; each of its open connections sends the next request at once.

It has one thread and one selector, takes some 20 us of a core for each request, and parses only the status line and
the Content-Length. wrk would do the same, but is not on every machine.
"""

import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen

RECEIVE_BYTES = 256 * 1024
SILENCE_SECONDS_MAX = 10.0
ANSWERS_MIN = 2  # fewer answers have no percentiles

DESCRIPTION = """\
Keep a server busy with one request over several connections, and print requests, failures, seconds, bytes of an answer,
and the median and 99th percentile of the latency (ms) as JSON.
"""
EXAMPLES = [('127.0.0.1:8080 /api/videos --header "Authorization: Bearer …"', "3 s over 16 connections")]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """The measurements of all connections. ``failures`` are answers whose status is not 200."""

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
    """A connection that sends one request at a time. Its calls raise ConnectionError when the server ends it."""

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
        """Receive what is there; return the answer once it is complete, otherwise None."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server has closed a connection")
        self._received = self._received + data if self._received else data
        return self._received if is_whole(self._received) else None


def is_whole(answer: bytes) -> bool:
    """Whether an answer is complete. Raises ValueError when it has no Content-Length."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = _LENGTH.search(answer, 0, head_end)
    if length is None:
        raise ValueError(f"the answer has no Content-Length: {answer[:head_end]!r}")
    return len(answer) >= head_end + 4 + int(length[1])


def generate(address: tuple[str, int], path: str, *, connections: int, seconds: float, headers: Sequence[str]) -> Load:
    """Keep all connections busy for ``seconds``. Raises ConnectionError when the server is silent or hangs up."""
    request = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {address[0]}", *headers, "", ""]).encode()
    with selectors.DefaultSelector() as selector:
        open_connections = [Connection(address, request) for _ in range(connections)]
        for connection in open_connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        try:
            return _exchange(selector, open_connections, seconds)
        finally:
            for connection in open_connections:
                connection.socket.close()


def _exchange(selector: selectors.BaseSelector, open_connections: list[Connection], seconds: float) -> Load:
    latencies_ms: list[float] = []
    failures = answer_bytes = 0
    started = time.perf_counter()
    for connection in open_connections:
        connection.send()
    while (now := time.perf_counter()) < started + seconds or len(latencies_ms) < ANSWERS_MIN:
        ready = selector.select(SILENCE_SECONDS_MAX)
        if not ready:
            raise ConnectionError(f"the server has not answered for {SILENCE_SECONDS_MAX:g} s")
        for key, _ in ready:
            connection = key.data
            if (answer := connection.receive()) is None:
                continue
            latencies_ms.append((time.perf_counter() - connection.sent_at) * 1000)
            failures += not answer.startswith(b"HTTP/1.1 200")
            answer_bytes = len(answer)
            connection.send()
    marks = quantiles(latencies_ms, n=100)
    return Load(len(latencies_ms), failures, now - started, answer_bytes, marks[49], marks[98])


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate the load of the command line and print the measurements; return an ExitCode."""
    parser = command_parser("benchmarks.api.load", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("path", help="of the request, with its query")
    parser.add_argument("--connections", type=int, default=16, help="that are open at once (default 16)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of load (default 3)")
    parser.add_argument("--header", action="append", default=[], metavar="NAME: VALUE", help="may be repeated")
    asked = parser.parse_args(arguments)
    host, _, port = asked.address.rpartition(":")
    if not port.isdecimal():
        parser.error(f"{asked.address} has no port")
    screen = Screen()
    try:
        load = generate(
            (host, int(port)),
            asked.path,
            connections=asked.connections,
            seconds=asked.seconds,
            headers=asked.header,
        )
    except OSError as error:
        screen.fail(f"{asked.address}: {error}")
        return ExitCode.FAILED
    screen.document(asdict(load))
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
