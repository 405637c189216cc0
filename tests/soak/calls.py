"""Sends the requests of one player, and journals each: when it was made, how it ended, and how long it took."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.service.promises import hold_to_the_document
from tests.soak.journal import End, Journal
from tests.soak.short_times import REQUEST_SECONDS_MAX

WAIT_SECONDS = REQUEST_SECONDS_MAX + 10.0  # longer than the deadline, so that late answers are seen
STORAGE_SECONDS = 10.0  # the storage promises no deadline, and a sent clip can be sent again

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """How a call ended. ``document`` is the JSON of an answer of the API; None without one."""

    end: End
    document: Any = None

    @property
    def code(self) -> str:
        return str(self.document.get("code", "")) if isinstance(self.document, dict) else ""


class Caller:
    """One player's client of all APIs. Each call goes to one of them, chosen at random."""

    def __init__(self, who: str, api_urls: Sequence[str], journal: Journal, choose: random.Random) -> None:
        self._who = who
        self._journal = journal
        self._choose = choose
        self._storage = httpx.Client(timeout=STORAGE_SECONDS)
        self._apis = [
            httpx.Client(base_url=url, timeout=WAIT_SECONDS, event_hooks={"response": [hold_to_the_document]})
            for url in api_urls
        ]

    def log_in(self, email: str, password: str) -> None:
        """All later calls send the token of this account."""
        account = {"email": email, "password": password}
        token = self._apis[0].post("/api/auth/login", json=account).raise_for_status().json()["access_token"]
        for api in self._apis:
            api.headers["Authorization"] = f"Bearer {token}"

    def sign_up(self, account: Mapping[str, str]) -> None:
        self._apis[0].post("/api/auth/signup", json=account).raise_for_status()

    def call(
        self,
        what: str,
        method: str,
        path: str,
        about: Facts | None = None,
        learn: Callable[[Any], Facts] = lambda _document: {},
        **body: Any,
    ) -> Reply:
        """Journal the call and its end, with what ``learn`` finds in the answer of a call that was carried out."""
        number = self._choose.randrange(len(self._apis))
        about = {"api": number + 1, **(about or {})}
        self._journal.note(self._who, what, **about)
        began = time.monotonic()
        reply, status = _sent(self._apis[number], method, path, **body)
        learned = learn(reply.document) if reply.end is End.OK else {"code": reply.code} if reply.code else {}
        self._note_end(what, reply.end, status, began, {**about, **learned})
        return reply

    def send(self, what: str, method: str, url: str, **body: Any) -> End:
        """Send bytes to the storage, without the player's token."""
        self._journal.note(self._who, what)
        began = time.monotonic()
        reply, status = _sent(self._storage, method, url, **body)
        self._note_end(what, reply.end, status, began, {})
        return reply.end

    def note(self, what: str, **facts: Any) -> None:
        """Journal an event that is not a single call."""
        self._journal.note(self._who, what, **facts)

    def _note_end(self, what: str, end: End, status: int | str, began: float, facts: Facts) -> None:
        seconds = round(time.monotonic() - began, 4)
        self._journal.note(self._who, what, end=end, status=status, seconds=seconds, **facts)

    def close(self) -> None:
        for client in (self._storage, *self._apis):
            client.close()


def _sent(client: httpx.Client, method: str, url: str, **body: Any) -> tuple[Reply, int | str]:
    """How the request ended, with the status of its answer, or with the error as a text."""
    try:
        answer = client.request(method, url, **body)
    except httpx.ConnectError as error:
        return Reply(End.FAILED), repr(error)
    except httpx.TransportError as error:
        return Reply(End.UNKNOWN), repr(error)
    except AssertionError as error:
        return Reply(End.UNDOCUMENTED), str(error)
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    document = answer.json() if is_json else None
    if answer.is_server_error:
        return Reply(End.UNKNOWN, document), answer.status_code
    return Reply(End.OK if answer.is_success else End.REFUSED, document), answer.status_code
