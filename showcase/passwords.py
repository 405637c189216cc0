"""Password hashes: argon2id with OWASP's minimum cost (19 MiB, 2 passes), and a bound on how many run at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from showcase.errors import Overloaded

CONCURRENT_MAX = 4  # x 19 MiB: what a burst of log-ins may cost in memory
WAIT_SECONDS_MAX = 1.0  # for a place: who waits holds a request thread


class Passwords:
    """Hashes and verifies. ``time_cost`` and ``memory_kib`` are lowered only by tests.

    Both raise Overloaded when for WAIT_SECONDS_MAX all places were taken.
    """

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19_456) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._places = BoundedSemaphore(CONCURRENT_MAX)
        self._nobody = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        with self._place():
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """True if it is the password. No hash (nobody has that account) takes the same time, and is False."""
        with self._place():
            try:
                self._hasher.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """True if the hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=WAIT_SECONDS_MAX):
            raise Overloaded("too many passwords to hash at once")
        try:
            yield
        finally:
            self._places.release()
