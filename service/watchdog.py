"""What the service manager is told about the API: it works while its loop turns and requests end."""

from collections.abc import Iterable
from typing import Any

from service.draining import Draining
from service.http_server.proxy import Application
from showcase.systemd import Liveness, Notifier, Watchdog

REQUESTS = "requests"


class ApiWatchdog:
    """Vouches for the process on each turn of the server's loop, unless requests wait and none of them ends.

    So a loop that hangs, or threads that all hang, have the service manager restart the process, while one that is
    only busy is left alone; the balancer cannot tell them apart. ``end_seconds``: how long the end may take.
    """

    def __init__(
        self, notifier: Notifier, watchdog_usec: int | None, draining: Draining, *, end_seconds: float
    ) -> None:
        self._notifier = notifier
        self._liveness = Liveness()
        self._watchdog = Watchdog(notifier, self._liveness, watchdog_usec, (REQUESTS,))
        self._draining = draining
        self._end_seconds = end_seconds
        self._is_ending = False

    def around(self, application: Application) -> Application:
        """``application``, each of whose answers is a sign of life."""

        def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            try:
                return application(environ, start_response)
            finally:
                self._liveness.touch(REQUESTS)

        return answering

    def ready(self) -> None:
        """The server listens."""
        self._notifier.ready()

    def turn(self, requests_wait: bool) -> None:
        """The loop has turned; ``requests_wait``: there are more than threads."""
        if self._draining.has_begun and not self._is_ending:
            self._is_ending = True
            self._notifier.stopping(self._end_seconds)
        if not requests_wait:
            self._liveness.touch(REQUESTS)
        self._watchdog.feed()
