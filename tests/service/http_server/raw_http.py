"""An HTTP client that sends exactly the bytes of a test, also bytes that no HTTP library would send."""

import json
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

BOUND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error. Raises AssertionError if the error has another shape than the API's."""
        error = self.json()
        assert set(error) <= {"code", "message", "fields"} and error["message"]
        assert self.headers["content-type"].startswith("application/json")
        return str(error["code"])


class RawClient:
    """One connection to a port of loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=BOUND_SECONDS)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *parts: bytes | str) -> Self:
        self._socket.sendall(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
        return self

    def answer(self) -> Answer:
        """The next answer; 100 Continue is one, too."""
        while b"\r\n\r\n" not in self._unread:
            assert self._receive(), f"closed in the middle of an answer: {self._unread!r}"
        head, self._unread = self._unread.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._unread) < length:
            assert self._receive(), "closed in the middle of a body"
        body, self._unread = self._unread[:length], self._unread[length:]
        return Answer(int(first.split()[1]), headers, body)

    def end(self) -> None:
        """Close the sending side of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def all_answers(self) -> Iterator[Answer]:
        """All answers until the server closes."""
        while self._unread or self._receive():
            yield self.answer()

    def is_closed_by_server(self) -> bool:
        """Whether the server closes the connection within BOUND_SECONDS and sends nothing before."""
        try:
            return not self._unread and not self._receive()
        except TimeoutError:
            return False

    def has_something_to_read(self) -> bool:
        """Whether an answer, or the end of the connection, can be read at this moment."""
        return bool(self._unread or select.select([self._socket], [], [], 0)[0])

    def _receive(self) -> bytes:
        data = self._socket.recv(65_536)
        self._unread += data
        return data


def head(line: str, **headers: str | int) -> str:
    """The head of a request: ``line`` without its version, and headers. Underscores in their names become dashes."""
    fields = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return f"{line} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
