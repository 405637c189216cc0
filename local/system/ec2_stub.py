"""Stubs of EC2 on loopback: the instance metadata service, and the calls of Auto Scaling that moto lacks."""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

import httpx

END_SECONDS = 60.0
INSTANCE_ID = "i-0123456789abcdef0"
STATE = "autoscaling/target-lifecycle-state"
HEARTBEAT, COMPLETE, PROTECT = "RecordLifecycleActionHeartbeat", "CompleteLifecycleAction", "SetInstanceProtection"
NOT_FOUND = "No active Lifecycle Action found with instance ID"
NOT_FORWARDED = {"connection", "date", "expect", "host", "server", "transfer-encoding"}  # they describe one connection
FORWARD_SECONDS = 60.0
OF_AWS = {"content-type": "text/xml", "x-amzn-requestid": "stub"}  # headers that each answer of Auto Scaling has


@dataclass(frozen=True)
class Asked:
    """One request to a stub."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """The answer of a stub. Names of headers are in lower case. Content-Length is added when it is missing.

    A header with an empty value is not sent.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Stub:
    """A context manager: an HTTP server that reserves its port at once, and refuses connections until ``start``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _handler(self.answer), bind_and_activate=False)
        self._server.server_bind()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        """Accept connections from now on."""
        self._server.server_activate()
        self._thread.start()
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a condition, which is checked after each request. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(is_so, END_SECONDS):
                raise TimeoutError(f"the expected requests did not come within {END_SECONDS:.0f} s")

    def answer(self, asked: Asked) -> Answer:
        """Answer one request. Each request calls it in a thread of its own."""
        raise NotImplementedError


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections: a test may kill a client in the middle of its request."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(answer: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    """A class for http.server that passes each request to ``answer``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # boto3 waits for "100 Continue" before it sends a body

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            given = answer(Asked(self.command, self.path, self.headers, body))
            self.send_response(given.status)
            for name, value in {"content-length": str(len(given.body)), **given.headers, "connection": "close"}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body)

        do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Imds(Stub):
    """An instance metadata service (IMDSv2). An item is the text to answer, or a number: the HTTP status to answer."""

    def __init__(self, instance_id: str = INSTANCE_ID) -> None:
        super().__init__()
        self.items: dict[str, str | int] = {"instance-id": instance_id, STATE: "InService"}
        self.asked: list[str] = []  # paths of GETs with a valid token
        self.tokens: list[str] = []  # one for each PUT
        self.token_status = 200

    def expire_token(self) -> None:
        """Make the last token invalid: only the newest one is accepted."""
        self.tokens.append("expired")

    def answer(self, asked: Asked) -> Answer:
        with self._changed:
            given = self._token(asked) if asked.method == "PUT" else self._item(asked)
            self._changed.notify_all()
            return given

    def _token(self, asked: Asked) -> Answer:
        seconds = int(asked.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "0"))
        if asked.path != "/latest/api/token" or not 1 <= seconds <= 21_600:
            return Answer(400)
        self.tokens.append(f"token-{len(self.tokens)}")
        return Answer(self.token_status, self.tokens[-1].encode())

    def _item(self, asked: Asked) -> Answer:
        if asked.headers.get("X-aws-ec2-metadata-token") not in self.tokens[-1:]:
            return Answer(401)
        name = asked.path.removeprefix("/latest/meta-data/")
        self.asked.append(name)
        found = self.items.get(name, 404)
        return Answer(found, b"<html>") if isinstance(found, int) else Answer(200, found.encode())


class AutoScaling(Stub):
    """Auto Scaling's API: records each call, and refuses the actions in ``refusing``."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[dict[str, str]] = []
        self.refusing: set[str] = set()

    def actions(self) -> list[str]:
        """The action of each call."""
        return [call["Action"] for call in self.calls]

    def protections(self) -> list[bool]:
        """Whether each call of SetInstanceProtection set (True) or removed (False) the protection."""
        return [call["ProtectedFromScaleIn"] == "true" for call in self.calls if call["Action"] == PROTECT]

    def answer(self, asked: Asked) -> Answer:
        call = dict(parse_qsl(asked.body.decode()))
        action = call["Action"]
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        if action in self.refusing:
            error = f"<Type>Sender</Type><Code>ValidationError</Code><Message>{NOT_FOUND}</Message>"
            return Answer(400, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode(), OF_AWS)
        return Answer(200, f"<{action}Response><{action}Result/></{action}Response>".encode(), OF_AWS)


class AwsProxy(AutoScaling):
    """All of AWS behind one URL.

    It answers the calls that a worker makes about its own instance (heartbeat, completion, protection), and forwards
    all others to the emulator. While the emulator does not answer, clients get 503.
    """

    def __init__(self, emulator_url: str) -> None:
        super().__init__()
        self._emulator_url = emulator_url
        self._emulator = httpx.Client(timeout=FORWARD_SECONDS, trust_env=False)

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._emulator.close()

    def answer(self, asked: Asked) -> Answer:
        # Credential=key/date/region/service/aws4_request
        is_auto_scaling = "/autoscaling/aws4_request" in asked.headers.get("Authorization", "")
        if is_auto_scaling and dict(parse_qsl(asked.body.decode()))["Action"] in (HEARTBEAT, COMPLETE, PROTECT):
            return super().answer(asked)
        url, headers = f"{self._emulator_url}{asked.path}", _forwarded(asked.headers.items())
        try:
            given = self._emulator.request(asked.method, url, content=asked.body, headers=headers)
        except httpx.TransportError:
            return Answer(503)
        return Answer(given.status_code, given.content, _forwarded(given.headers.items()))


def _forwarded(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in NOT_FORWARDED}
