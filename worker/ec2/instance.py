"""The EC2 instance under the worker, seen through its metadata: which one it is, and whether it must leave.

IMDSv2 only: a token first (PUT), which every question then carries. The instance should have
``HttpTokens=required`` and a hop limit of 1.
"""

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from showcase.errors import Unavailable

TIMEOUT_SECONDS = 1.0  # of each step; the service is on the host itself
TOKEN_SECONDS = 21_600  # the longest that IMDS gives
ANSWER_BYTES_MAX = 64 * 1024

log = logging.getLogger(__name__)


class InstanceMetadata:
    """Asks the instance metadata service. For any number of threads: at worst two fetch a token each.

    ``http.client`` and no more: a proxy of the environment would answer for a machine of its own.
    """

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._address = urlsplit(url).netloc
        self._timeout_seconds = timeout_seconds
        self._token = ""

    def read(self, path: str) -> str | None:
        """The item at ``path`` below ``/latest/meta-data/``, None if there is none. Raises Unavailable."""
        status, text = self._ask(path) if self._token else (HTTPStatus.UNAUTHORIZED, "")
        if status == HTTPStatus.UNAUTHORIZED:  # no token yet, or it has ended
            self._token = self._new_token()
            status, text = self._ask(path)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status != HTTPStatus.OK:
            raise Unavailable("instance metadata", f"GET {path} ({status})")
        return text

    def instance_id(self) -> str:
        """For example ``i-0123456789abcdef0``. Raises Unavailable."""
        found = self.read("instance-id")
        if not found:
            raise Unavailable("instance metadata", "GET instance-id (none)")
        return found

    def _ask(self, path: str) -> tuple[int, str]:
        return self._request("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self._token})

    def _new_token(self) -> str:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
        status, token = self._request("PUT", "/latest/api/token", headers)
        if status != HTTPStatus.OK:
            raise Unavailable("instance metadata", f"PUT token ({status})")
        return token

    def _request(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = HTTPConnection(self._address, timeout=self._timeout_seconds)
        try:
            connection.request(method, path, headers=headers)
            return _content(connection.getresponse())
        except (OSError, HTTPException) as error:
            raise Unavailable("instance metadata", f"{method} {path}") from error
        finally:
            connection.close()


def _content(answer: HTTPResponse) -> tuple[int, str]:
    return answer.status, answer.read(ANSWER_BYTES_MAX).decode("utf-8", "replace").strip()


def find_departure(metadata: InstanceMetadata) -> str | None:
    """Why the instance must leave, or None. Raises Unavailable.

    It must when Auto Scaling steers it to any state but InService (Terminated, Standby, Detached, Warmed:…),
    or when Spot takes it back: that is said two minutes before, and AWS advises to ask every 5 s.
    """
    state = metadata.read("autoscaling/target-lifecycle-state")
    if state not in (None, "InService"):
        return f"Auto Scaling: {state}"
    action = metadata.read("spot/instance-action")
    return f"Spot: {action}" if action is not None else None


class InstanceWatch:
    """Asks every ``interval_seconds`` whether the instance must leave; if so, calls ``on_leaving`` once and ends.

    ``on_leaving`` is told the reason, in the thread of the watch. An outage of the metadata is said once, and
    asked through. Without ``metadata`` nothing runs.
    """

    def __init__(
        self, metadata: InstanceMetadata | None, *, interval_seconds: float, on_leaving: Callable[[str], None]
    ) -> None:
        self._metadata = metadata
        self._interval_seconds = interval_seconds
        self._on_leaving = on_leaving
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(metadata,), name="instance-watch", daemon=True)

    def start(self) -> None:
        """Begin, without waiting for an answer. Nothing starts where there is no metadata."""
        if self._metadata:
            self._thread.start()

    def stop(self) -> None:
        """Ends after the question that is under way: a few timeouts at most."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self, metadata: InstanceMetadata) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                reason = find_departure(metadata)
            except Unavailable as error:
                if not failing:
                    log.warning("%s (%s); asking on", error, error.__cause__)
                failing, reason = True, None
            else:
                failing = False
            if reason:
                log.warning("this instance must leave: %s", reason)
                self._on_leaving(reason)
                return
            self._stopping.wait(self._interval_seconds)
