"""The metadata of the EC2 instance: its id, and whether it must leave.

Only IMDSv2 is used: a PUT gets a token, and each GET sends it. The instance should have ``HttpTokens=required`` and
a hop limit of 1.
"""

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from showcase.errors import Unavailable

TIMEOUT_SECONDS = 1.0  # of each step; the metadata service runs on the host itself
TOKEN_SECONDS = 21_600  # the longest life of a token that IMDS allows
ANSWER_BYTES_MAX = 64 * 1024

log = logging.getLogger(__name__)


class InstanceMetadata:
    """Reads from the instance metadata service. Threads may share it; at worst, two threads fetch a token each.

    It uses plain ``http.client``, because a proxy of the environment would answer with its own machine's metadata.
    """

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._address = urlsplit(url).netloc
        self._timeout_seconds = timeout_seconds
        self._token = ""

    def read(self, path: str) -> str | None:
        """The item at ``path`` below ``/latest/meta-data/``; None if there is none. Raises Unavailable."""
        status, text = self._get(path) if self._token else (HTTPStatus.UNAUTHORIZED, "")
        if status == HTTPStatus.UNAUTHORIZED:  # there is no token yet, or it has expired
            self._token = self._new_token()
            status, text = self._get(path)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status != HTTPStatus.OK:
            raise Unavailable("instance metadata", f"GET {path} ({status})")
        return text

    def instance_id(self) -> str:
        """For example ``i-0123456789abcdef0``. Raises Unavailable."""
        instance_id = self.read("instance-id")
        if not instance_id:
            raise Unavailable("instance metadata", "GET instance-id (none)")
        return instance_id

    def _get(self, path: str) -> tuple[int, str]:
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
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX).decode("utf-8", "replace").strip()
        except (OSError, HTTPException) as error:
            raise Unavailable("instance metadata", f"{method} {path}") from error
        finally:
            connection.close()


def find_departure(metadata: InstanceMetadata) -> str | None:
    """Why the instance must leave; None if it need not. Raises Unavailable.

    It must leave if its Auto Scaling target state is not InService (but Terminated, Standby, Detached, Warmed:…), or if
    there is a Spot notice. The notice comes two minutes before the end, and AWS recommends a check every 5 s.
    """
    state = metadata.read("autoscaling/target-lifecycle-state")
    if state not in (None, "InService"):
        return f"Auto Scaling: {state}"
    action = metadata.read("spot/instance-action")
    return f"Spot: {action}" if action is not None else None


class InstanceWatch:
    """Checks every ``interval_seconds`` if the instance must leave. If so, it calls ``on_leaving`` once and ends.

    ``on_leaving`` gets the reason, in the thread of the watch. An outage of the metadata is logged once, and the checks
    continue. Without ``metadata``, no thread is started.
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
        """Start the thread, without waiting for an answer."""
        if self._metadata:
            self._thread.start()

    def stop(self) -> None:
        """End the thread after the current check: after a few timeouts at most."""
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
                    log.warning("%s (%s); checking goes on", error, error.__cause__)
                failing, reason = True, None
            else:
                failing = False
            if reason:
                log.warning("this instance must leave: %s", reason)
                self._on_leaving(reason)
                return
            self._stopping.wait(self._interval_seconds)
