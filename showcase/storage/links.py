"""Presigned links. Each is signed once and reused for a while, because signing costs more than reading a row."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class Signer(Protocol):
    """Signs links, as the media store does."""

    def link(self, key: str, *, seconds: int, file_name: str) -> str:
        """A presigned link. Raises Unavailable."""


LINKS_MAX = 5000  # cached; the least recently used are dropped. 0.5 KB each, 2 KB with a role's credentials

# A link ends with the credentials that signed it, and boto3 renews a role's credentials at the latest 10 minutes before
# they end. So a link that is reused for 5 minutes still works for 5 minutes.
REUSE_SECONDS_MAX = 300.0


class Links:
    """Makes links to stored objects. Safe in several threads.

    A link is reused for at most half of its life, and at most REUSE_SECONDS_MAX. So each link that is handed out works
    for at least half of ``seconds``, and browsers get the same URL again and can use their cache.
    """

    def __init__(self, media: Signer, seconds: int, *, clock: Callable[[], float] = time.time) -> None:
        self._media = media
        self._seconds = seconds
        self._reuse_seconds = min(seconds / 2, REUSE_SECONDS_MAX)
        self._clock = clock
        self._signed = lru_cache(LINKS_MAX)(self._sign)

    def to(self, key: str) -> str:
        """A link to the object of that key. Raises Unavailable without credentials."""
        # The periods of the keys begin at different moments, so the links of a page are not all renewed at once.
        shift = hash(key) % self._reuse_seconds
        return self._signed(key, (self._clock() + shift) // self._reuse_seconds)

    def _sign(self, key: str, _period: float) -> str:
        return self._media.link(key, seconds=self._seconds, file_name=key.replace("/", "-"))
