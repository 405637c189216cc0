"""The API in its real HTTP server on loopback, in a thread of the test."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from waitress.adjustments import Adjustments

from service.access_tokens import Authenticator
from service.admission import Admission, temporary_bytes_free
from service.app import Api, create_app
from service.draining import Draining
from service.http_server.client_deadlines import Deadlines
from service.http_server.http_server import HttpServer
from service.http_server.proxy import Application, behind_proxy

DRAIN_SECONDS = 30.0
HEADER_BYTES_MAX = 16_384
PATIENT = Deadlines(
    head_seconds=60, body_seconds=60, body_grace_seconds=60, body_bytes_per_second_min=0, idle_seconds=60
)


class ServerThread:
    """A context manager: the server answers at ``url`` inside the block. At the end, all connections are drained."""

    def __init__(
        self,
        api: Api,
        *,
        application: Application | None = None,
        deadlines: Deadlines = PATIENT,
        connections_max: int = 100,
        disk_free_bytes_min: int = 0,
        bytes_free: Callable[[], int] = temporary_bytes_free,
        per_address_max: int = 0,
        proxy: str | None = None,
        hops: int = 1,
        on_turn: Callable[[bool], None] = lambda _: None,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._drain_seconds = drain_seconds
        self.cut = 0  # requests that the drain cut off
        self._draining = Draining()
        self._server = HttpServer(
            behind_proxy(application or create_app(api, self._draining), proxy, hops),
            Adjustments(
                host="127.0.0.1",
                port=0,
                threads=8,
                ident=None,
                connection_limit=connections_max,
                max_request_header_size=HEADER_BYTES_MAX,
            ),
            admission=Admission(
                Authenticator(api.tokens),
                upload_bytes_max=api.upload_bytes_max,
                disk_free_bytes_min=disk_free_bytes_min,
                bytes_free=bytes_free,
            ),
            deadlines=deadlines,
            draining=self._draining,
            per_address_max=per_address_max,
            proxy=proxy,
            on_turn=on_turn,
        )
        self._thread = threading.Thread(target=self._serve, name="http-server")
        self.port = int(self._server.effective_port)
        self.url = f"http://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        self.cut = self._server.serve(lame_duck_seconds=0, drain_seconds=self._drain_seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.begin_drain()
        self._thread.join()
        self._server.task_dispatcher.shutdown(timeout=DRAIN_SECONDS)  # with a thread that works, its pipe stays open
        self._server.close()

    def begin_drain(self) -> None:
        """Begin the drain, as SIGTERM does."""
        self._draining.begin()
        self._server.wake()
