"""The application behind a real waitress on loopback, in a thread of the test."""

import threading
from types import TracebackType
from typing import Any, Self

import waitress


class WaitressThread:
    """A context manager; ``url`` answers inside the block."""

    def __init__(self, app: Any, **options: Any) -> None:
        self._map: dict[int, Any] = {}
        self._server = waitress.create_server(app, map=self._map, host="127.0.0.1", port=0, threads=8, **options)
        self._thread = threading.Thread(target=self._run, name="waitress")
        self._stopping = False
        self.url = f"http://127.0.0.1:{self._server.effective_port}"

    def _run(self) -> None:
        while not self._stopping:
            self._server.asyncore.loop(timeout=0.1, map=self._map, count=1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._thread.join()
        self._server.task_dispatcher.shutdown()
        for channel in list(self._map.values()):
            channel.close()
