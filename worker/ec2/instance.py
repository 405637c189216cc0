"""The metadata of the EC2 instance: its id, and whether it must leave.

Only IMDSv2 is used: a PUT gets a token, and each GET sends it. The instance should have ``HttpTokens=required`` and
a hop limit of 1.
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from showcase.deadlines import DEADLINES, DeadlinePassed, limited, watch_connection
from showcase.errors import Unavailable

TIMEOUT_SECONDS = 1.0  # of each step; the metadata service runs on the host itself
TOKEN_SECONDS = 21_600  # the longest life of a token that IMDS allows
ANSWER_BYTES_MAX = 64 * 1024

_INSTANCE_ID, _TARGET_STATE, _SPOT_ACTION = "instance-id", "autoscaling/target-lifecycle-state", "spot/instance-action"

# The form of each item. Any other text does not come from the metadata service, and must not end a worker.
_FORMS: Mapping[str, re.Pattern[str]] = {
    _INSTANCE_ID: re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})"),
    _TARGET_STATE: re.compile(r"Detached|InService|Standby|Terminated|Warmed:[A-Z][A-Za-z]+"),
    _SPOT_ACTION: re.compile(r'\{.*"action"\s*:\s*"(?:terminate|stop|hibernate)".*\}', re.DOTALL),
}
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]+")

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
        """The item at ``path`` (a key of ``_FORMS``) below ``/latest/meta-data/``; None if there is none.

        Raises Unavailable, at the latest when its deadline passes; also for a text that has not the form of the item.
        """
        try:
            with limited(DEADLINES["instance metadata"].seconds):
                return self._read(path)
        except DeadlinePassed as error:
            raise Unavailable("instance metadata", f"GET {path}", kind=type(error).__name__) from error

    def _read(self, path: str) -> str | None:
        status, text = self._get(path) if self._token else (HTTPStatus.UNAUTHORIZED, "")
        if status == HTTPStatus.UNAUTHORIZED:  # there is no token yet, or it has expired
            self._token = self._new_token()
            status, text = self._get(path)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status != HTTPStatus.OK:
            raise Unavailable("instance metadata", f"GET {path} ({status})")
        if not _FORMS[path].fullmatch(text):
            raise Unavailable("instance metadata", f"GET {path}", kind="UnexpectedAnswer")
        return text

    def instance_id(self) -> str:
        """For example ``i-0123456789abcdef0``. Raises Unavailable."""
        instance_id = self.read(_INSTANCE_ID)
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
        if not _TOKEN.fullmatch(token):
            raise Unavailable("instance metadata", "PUT token", kind="UnexpectedAnswer")
        return token

    def _request(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = HTTPConnection(self._address, timeout=self._timeout_seconds)
        try:
            connection.connect()
            used = connection.sock  # kept, because http.client may drop its own reference before the body is read
            watch_connection(used.fileno)
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES_MAX).decode("utf-8", "replace").strip()
        except (OSError, HTTPException) as error:  # DeadlinePassed is an OSError
            raise Unavailable("instance metadata", f"{method} {path}", kind=type(error).__name__) from error
        finally:
            connection.close()
        if answer.length:  # bytes are missing: the answer was cut, or it is larger than any item
            raise Unavailable("instance metadata", f"{method} {path}", kind="UnexpectedAnswer")
        return answer.status, text


def find_departure(metadata: InstanceMetadata) -> str | None:
    """Why the instance must leave; None if it need not. Raises Unavailable.

    It must leave if its Auto Scaling target state is not InService (but Terminated, Standby, Detached, Warmed:…), or if
    there is a Spot notice. The notice comes two minutes before the end, and AWS recommends a check every 5 s.
    """
    state = metadata.read(_TARGET_STATE)
    if state not in (None, "InService"):
        return f"Auto Scaling: {state}"
    action = metadata.read(_SPOT_ACTION)
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
        """End the thread after the current check, which reads two items and so takes two deadlines at most."""
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
