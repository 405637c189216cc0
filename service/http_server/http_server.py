"""waitress' server, with admission by headers, deadlines for all connections, and a drain before it stops."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.wasyncore import dispatcher, loop

from service.admission import Admission, BodyLimit, RequestHead
from service.draining import Draining
from service.http_server.channel import HttpChannel
from service.http_server.client_deadlines import Deadlines
from service.http_server.proxy import EVERYBODY, Application
from service.http_server.request_threads import RequestThreads
from showcase.errors import Overloaded
from telemetry.catalogue import Route

TURN_SECONDS = 0.5  # one turn of the loop when nothing happens; deadlines are as exact as this
LAST_REFUSALS_SECONDS = 2.0

log = logging.getLogger(__name__)


class HttpServer(TcpWSGIServer):  # type: ignore[misc]
    """The server of the API. It listens as soon as it is constructed. Raises OSError when the port is taken.

    ``per_address_max`` is the most connections of one peer (0: no limit). It does not apply to the peer ``proxy``.
    The server calls ``on_turn`` about each TURN_SECONDS; the argument is whether requests wait for a thread.
    """

    is_leaving = False  # new connections are no longer accepted, and idle ones are closed

    def __init__(
        self,
        application: Application,
        options: Adjustments,
        *,
        admission: Admission,
        deadlines: Deadlines,
        draining: Draining,
        per_address_max: int = 0,
        proxy: str | None = None,
        on_turn: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._on_turn = on_turn
        self.deadlines = deadlines
        self._admission = admission
        self._draining = draining
        self._per_address_max = 0 if proxy == EVERYBODY else per_address_max
        self._proxy = proxy
        self._connections_refused = 0
        self._clock_at = 0.0
        options.max_request_body_size = math.inf  # admission has limits and messages of its own
        options.clear_untrusted_proxy_headers = False  # behind_proxy clears them
        self._request_threads = RequestThreads(options.threads)
        super().__init__(application, adj=options, dispatcher=self._request_threads)
        live, ready = RequestThreads(1), RequestThreads(1)
        self._health_threads = {Route.IS_ALIVE.path: live, Route.IS_READY.path: ready, Route.IS_HEALTHY.path: ready}

    @property
    def is_draining(self) -> bool:
        return self._draining.has_begun

    def add_task(self, channel: HttpChannel) -> None:
        """Give the next request of the channel to a thread. Health has threads of its own, so that it never waits.

        Readiness asks the dependencies, and may take long; so liveness does not share its thread.
        """
        self._health_threads.get(channel.requests[0].path, self._request_threads).add_task(channel)

    def take_most_waiting(self) -> int:
        """The most requests, without those for health, that waited for a thread at once since the last call."""
        return self._request_threads.take_most_waiting()

    def judge(self, head: RequestHead) -> BodyLimit:
        """The limit of the body of a request. Raises the errors of Admission."""
        return self._admission.judge(head, lambda: sum(channel.bytes_to_come for channel in self._channels()))

    def _channels(self) -> Iterable[HttpChannel]:
        return list(self.active_channels.values())

    def channel_class(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any) -> None:  # noqa: A002 - waitress' name
        """Take a new connection, or close it if its peer has too many."""
        if self._has_too_many(addr[0]):
            self._connections_refused += 1
            sock.close()
        else:
            HttpChannel(server, sock, addr, adj, map)

    def _has_too_many(self, peer: str) -> bool:
        if not self._per_address_max or peer == self._proxy:
            return False
        connected: int = sum(channel.addr[0] == peer for channel in self._channels())
        return connected >= self._per_address_max

    def maintenance(self, now: float) -> None:
        """Does nothing: in waitress' own check, single bytes extend the deadline."""

    def serve(self, *, lame_duck_seconds: float, drain_seconds: float) -> int:
        """Serve until the drain has begun and all requests are answered. Return the number of requests cut off.

        For ``lame_duck_seconds`` new connections are still served: the balancer needs time to see that readiness
        fails. After that, requests that have begun may take ``drain_seconds``.
        """
        while not self.is_draining:
            self._turn()
        self._turn_until(time.monotonic() + lame_duck_seconds)
        self._stop_accepting()
        deadline = time.monotonic() + drain_seconds
        log.info("draining %d connections", len(self.active_channels))
        self._turn_until(deadline, while_connected=True)
        self._refuse_what_still_comes()
        cut = sum(bool(channel.requests) for channel in self._channels())
        for threads in (self._request_threads, *set(self._health_threads.values())):
            threads.shutdown(timeout=max(0.0, deadline - time.monotonic()))
        return cut

    def wake(self) -> None:
        """Make the loop turn at once. It writes to a pipe, which a signal handler may do."""
        self.pull_trigger()

    def _turn_until(self, deadline: float, *, while_connected: bool = False) -> None:
        while time.monotonic() < deadline and (self.active_channels or not while_connected):
            self._turn()

    def _turn(self) -> None:
        loop(TURN_SECONDS, use_poll=True, map=self._map, count=1)
        now = time.monotonic()
        if now < self._clock_at:
            return
        self._clock_at = now + TURN_SECONDS
        for channel in self._channels():
            channel.keep_time(now)
        self._on_turn(bool(self._request_threads.queue))
        if self._connections_refused:
            log.warning("%d connections refused: too many from one address", self._connections_refused)
            self._connections_refused = 0

    def _stop_accepting(self) -> None:
        """Accept the connections in the backlog, then close the socket: closing it first would reset them."""
        for _ in range(self.adj.connection_limit):
            known = len(self.active_channels)
            self.handle_accept()
            if len(self.active_channels) == known:
                break
        dispatcher.close(self)
        self.is_leaving = True

    def _refuse_what_still_comes(self) -> None:
        for channel in self._channels():
            channel.refuse(Overloaded("an incomplete request was refused: the API stops"))
        self._turn_until(time.monotonic() + LAST_REFUSALS_SECONDS, while_connected=True)

    def close(self) -> None:
        """Close every connection, and the server once no thread works.

        A thread that still works may write to the pipe that wakes the loop. So that pipe stays open: the number of a
        closed descriptor may already belong to another file.
        """
        for channel in self._channels():
            channel.handle_close()
        if self._request_threads.threads:
            dispatcher.close(self)
        else:
            super().close()
