"""The HTTP side: the CloudWatch API by POST, and a plain text for people at ``/``. It is a WSGI application.

Any page that a browser shows may send a form to a port of this machine, without being asked for leave. So a request
with a foreign ``Host`` or ``Origin`` is refused before it is read.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from alarms.recording import findings_text, watched_values
from cloudwatch.alarm.metric_alarm import MetricAlarm
from console.alarm_book import BookedAlarm
from console.console_state import Console, moment
from console.operations.registry import operation_of
from console.refusal import Refusal, UnsupportedOperation
from console.wire import Wire, WireAnswer, WireRequest

BODY_BYTES_MAX = 4 << 20
OWN_NAMES = ("127.0.0.1", "localhost", "::1")
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class WebApplication:
    """Answers the requests to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._wire = Wire()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        headers = [*answer.headers.items(), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> WireAnswer:
        if refused := _foreign(environ):
            return WireAnswer(403, _TEXT, f"{refused}\n".encode())
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path not in ("", "/"):
            return WireAnswer(404, _TEXT, b"There is only one path: /\n")
        if method == "GET":
            return WireAnswer(200, _TEXT, overview(self._console).encode())
        if method != "POST":
            return WireAnswer(405, {**_TEXT, "Allow": "GET, POST"}, b"Only GET and POST are allowed.\n")
        if int(environ.get("CONTENT_LENGTH") or 0) > BODY_BYTES_MAX:
            return WireAnswer(413, _TEXT, f"At most {BODY_BYTES_MAX} bytes are read.\n".encode())
        return self._call(environ)

    def _call(self, environ: dict[str, Any]) -> WireAnswer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        request = WireRequest(environ.get("CONTENT_TYPE", ""), environ.get("HTTP_X_AMZ_TARGET", ""), body)
        try:
            request = replace(request, body=_uncompressed(body, environ.get("HTTP_CONTENT_ENCODING", "")))
            operation = operation_of(self._wire.operation_name(request))
            parameters = self._wire.parameters(request)
            with self._console.lock:
                result = operation(self._console, parameters)
            return self._wire.answer(request, result)
        except Refusal as refusal:
            return self._wire.answer(request, refusal)


def _uncompressed(body: bytes, encoding: str) -> bytes:
    """The body as it was before its compression: SDKs compress a PutMetricData of 10 KB or more with gzip."""
    if not encoding:
        return body
    if encoding != "gzip":
        raise UnsupportedOperation(f"the content encoding {encoding}")
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = reader.decompress(body, BODY_BYTES_MAX)
    except zlib.error as error:
        raise Refusal("SerializationException", f"The body is not gzip: {error}") from error
    if not reader.eof:
        raise Refusal("SerializationException", f"The body is not complete, or larger than {BODY_BYTES_MAX} bytes")
    return content


def _foreign(environ: dict[str, Any]) -> str:
    """The reason why a request is refused: another site may have caused it. Empty if it is not refused."""
    host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
    if _hostname(host) not in OWN_NAMES:
        return f"The Host {host!r} is not this machine."
    if origin is not None and origin != f"http://{host}":
        return f"The Origin {origin!r} is not this server."
    return ""


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def overview(console: Console) -> str:
    """What this is, its time, and the states of all alarms."""
    with console.lock:
        alarms = sorted(console.alarms.alarms.values(), key=lambda alarm: (alarm.state.value, alarm.name))
        lines = [f"{alarm.state:17} {alarm.name}: {alarm.reason}{_note(alarm)}" for alarm in alarms]
        metrics = sum(1 for _ in console.store.metrics())
    return "\n".join(
        [
            "CloudWatch on this machine: python -m console",
            f"The time here is {moment(console.clock.now()):%Y-%m-%dT%H:%M:%SZ}.",
            f"{metrics} metrics, {len(console.dashboards)} dashboards, {len(lines)} alarms.",
            "Clients of AWS work against it with AWS_ENDPOINT_URL_CLOUDWATCH.",
            *findings_text(console.reader.findings),
            *(["", *lines] if lines else []),
            "",
        ]
    )


def _note(alarm: BookedAlarm) -> str:
    """Why the state of an alarm may mean nothing here: only AWS publishes the metrics that it watches."""
    if not isinstance(alarm.rule, MetricAlarm):
        return ""
    metrics = [watched.metric for watched in watched_values(alarm.rule)]
    return " (its metrics come from AWS itself)" if metrics and all(metric.is_of_aws for metric in metrics) else ""
