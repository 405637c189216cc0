"""The traffic of a rehearsal: requests and uploads at a constant rate, whether or not they are answered."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.faults.system_under_faults import SystemUnderFaults
from tests.service.conftest import signup_body

SENDERS = 32  # requests that may be under way at once
ANSWER_SECONDS = 60.0


@dataclass
class Traffic:
    """One player's requests to the API of a system. ``failures`` names each request that was not answered with 2xx.

    A request goes to ``system.api_port`` of its moment, so a deployment moves the traffic by changing the port.
    """

    system: SystemUnderFaults
    clip: bytes = b""
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def signed_in(self) -> Iterator[None]:
        """The player has an account, and is logged in, inside the block: two requests."""
        body = signup_body()
        account = {"email": body["email"], "password": body["password1"]}
        with httpx.Client(timeout=ANSWER_SECONDS) as self._client:
            self._client.post(f"{self._url}/api/auth/signup", json=body).raise_for_status()
            token = self._client.post(f"{self._url}/api/auth/login", json=account).raise_for_status().json()
            self._client.headers["Authorization"] = f"Bearer {token['access_token']}"
            yield

    @contextmanager
    def running(self, *, rankings: float, uploads: float, probes: float) -> Iterator[None]:
        """Send so many requests in a second while the block runs. The player must be signed in."""
        stopped = threading.Event()
        with ThreadPoolExecutor(SENDERS) as senders:
            timers = [
                threading.Thread(target=_at_a_rate, args=(rate, stopped, senders, send))
                for rate, send in (
                    (rankings, self.ask_for_rankings),
                    (uploads, self.upload),
                    (probes, self.probe),
                )
            ]
            for timer in timers:
                timer.start()
            try:
                yield
            finally:
                stopped.set()
                for timer in timers:
                    timer.join()
                senders.shutdown(cancel_futures=True)

    def ask_for_rankings(self) -> None:
        self._note("rankings", lambda: self._client.get(f"{self._url}/api/public/rankings"))

    def probe(self) -> None:
        self._note("probe", lambda: self._client.get(f"{self._url}/api/health/ready"))

    def upload(self) -> None:
        form = {"video_file": ("clip.mp4", self.clip, "video/mp4")}
        path = f"{self._url}/api/videos/upload"
        self._note("upload", lambda: self._client.post(path, data={"title": "Mi jugada"}, files=form))

    def upload_many(self, number: int) -> None:
        """Send so many uploads as fast as the API takes them; return after the last answer."""
        with ThreadPoolExecutor(8) as senders:
            for _ in range(number):
                senders.submit(self.upload)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.system.api_port}"

    def _note(self, what: str, request: Callable[[], httpx.Response]) -> None:
        try:
            answer = request()
        except httpx.TransportError as error:
            self.failures.append(f"{what}: {error!r}")
        else:
            if not answer.is_success:
                self.failures.append(f"{what}: {answer.status_code} {answer.text[:200]}")


def _at_a_rate(rate: float, stopped: threading.Event, senders: ThreadPoolExecutor, send: Callable[[], None]) -> None:
    """Begin one request at each of the moments, also while earlier ones wait for their answers."""
    begun_at = time.monotonic()
    for number in itertools.count():
        if stopped.wait(max(0.0, begun_at + number / rate - time.monotonic())):
            return
        senders.submit(send)
