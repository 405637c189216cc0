"""Password hashes: argon2id with OWASP's minimum cost (19 MiB, 2 passes), and a limit on hashes at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from showcase.errors import Overloaded

CONCURRENT_MAX = 4  # x 19 MiB: the memory that a burst of log-ins may take
WAIT_SECONDS_MAX = 1.0  # for a slot: a request that waits holds a request thread


class Passwords:
    """Hashes and verifies. Only tests lower ``time_cost`` and ``memory_kib``.

    ``hash`` and ``verify`` raise Overloaded when all slots stay taken for WAIT_SECONDS_MAX.
    """

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19_456) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._slots = BoundedSemaphore(CONCURRENT_MAX)
        self._dummy_hash = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        with self._slot():
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """True if it is the password. Without a hash (the account does not exist), it is False after the same time."""
        with self._slot():
            try:
                self._hasher.verify(password_hash or self._dummy_hash, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """True if the hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=WAIT_SECONDS_MAX):
            raise Overloaded("too many passwords to hash at once")
        try:
            yield
        finally:
            self._slots.release()
