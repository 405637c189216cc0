"""A Redis server for the peers that use one, and the number of messages that it holds for Celery."""

import socket
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measured_process import MeasuredProcess
from local.system.processes import free_port

# kombu keeps waiting messages in a list named after the queue, and messages that a worker has taken in a hash.
_COUNTS = "LLEN {queue}\r\nHLEN unacked\r\n"


class RedisServer:
    """A context manager: the server runs inside the block and writes nothing to disk."""

    def __init__(self, program: Path, log: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._command = [str(program), *options]
        self._log = log

    def __enter__(self) -> "RedisServer":
        with ExitStack() as stack:
            process = stack.enter_context(MeasuredProcess(self._command, {}, self._log))
            process.wait_until_logged("Ready to accept connections")
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def depth(self, queue: str) -> int:
        """The number of Celery's messages that wait or are in work."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(_COUNTS.format(queue=queue).encode())
            with connection.makefile("rb") as answers:
                return sum(int(answers.readline().removeprefix(b":")) for _ in range(2))
