"""Presigned links, signed once and handed out for a while: signing one costs more than the row that shows it."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class Signer(Protocol):
    """Who makes links: the media store."""

    def link(self, key: str, *, seconds: int, file_name: str) -> str:
        """A presigned link. Raises Unavailable."""


LINKS_MAX = 5000  # kept at once, the least recently used give way: some 0.5 KB each, 2 KB with a role's credentials

# boto3 renews a role's credentials at the latest 10 minutes before they end, and a link ends with them:
# one that is handed out again for 5 minutes still has 5 minutes then.
REUSE_SECONDS_MAX = 300.0


class Links:
    """Links to stored objects for whoever may see them.

    A link is reused for at most half of its life and REUSE_SECONDS_MAX: whoever gets one can use it for between
    half and the whole of ``seconds``, and browsers meet the same URL, and so their cache, again. Any thread may ask.
    """

    def __init__(self, media: Signer, seconds: int, *, clock: Callable[[], float] = time.time) -> None:
        self._media = media
        self._seconds = seconds
        self._reuse_seconds = min(seconds / 2, REUSE_SECONDS_MAX)
        self._clock = clock
        self._signed = lru_cache(LINKS_MAX)(self._sign)

    def to(self, key: str) -> str:
        """A link to the object of that key. Raises Unavailable when nobody lends us credentials to sign with."""
        # Every key has turns of its own: a page of links is never due all at once.
        shift = hash(key) % self._reuse_seconds
        return self._signed(key, (self._clock() + shift) // self._reuse_seconds)

    def _sign(self, key: str, _turn: float) -> str:
        return self._media.link(key, seconds=self._seconds, file_name=key.replace("/", "-"))
