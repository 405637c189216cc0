"""The watchdog of the API: the service manager restarts a process whose loop or whose requests hang."""

from collections.abc import Callable, Iterable
from typing import Any

from service.draining import Draining
from service.http_server.proxy import Application
from showcase.deadlines import DEADLINES, limited
from showcase.systemd import Liveness, Notifier, Watchdog

REQUESTS = "requests"


class ApiWatchdog:
    """Feeds the watchdog of the service manager on each turn of the server's loop.

    It does not feed it while requests wait and none of them ends. So the service manager restarts a process whose loop
    hangs, or whose threads all hang, and not one that is only busy. A balancer cannot tell these apart.
    ``end_seconds`` is how long the end of the process may take. ``end_process_after`` ends it if it takes longer.
    """

    def __init__(
        self,
        notifier: Notifier,
        watchdog_usec: int | None,
        draining: Draining,
        *,
        end_seconds: float,
        end_process_after: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._notifier = notifier
        self._liveness = Liveness()
        self._watchdog = Watchdog(notifier, self._liveness, watchdog_usec, (REQUESTS,))
        self._draining = draining
        self._end_seconds = end_seconds
        self._end_process_after = end_process_after
        self._is_ending = False

    def around(self, application: Application) -> Application:
        """The application with a deadline for each request. Each answer shows the watchdog that requests end."""

        def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            try:
                with limited(DEADLINES["request"].seconds):
                    return application(environ, start_response)
            finally:
                self._liveness.touch(REQUESTS)

        return answering

    def ready(self) -> None:
        """Tell the service manager that the server listens."""
        self._notifier.ready()

    def turn(self, requests_wait: bool) -> None:
        """The server calls this after each turn of its loop. ``requests_wait``: whether requests wait for a thread."""
        if self._draining.has_begun and not self._is_ending:
            self._is_ending = True
            self._notifier.stopping(self._end_seconds)
            self._end_process_after(self._end_seconds)
        if not requests_wait:
            self._liveness.touch(REQUESTS)
        self._watchdog.feed()
