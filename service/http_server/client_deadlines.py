"""How long a client may take for each phase. Deadlines are absolute: single bytes do not extend them."""

from dataclasses import dataclass

from showcase.settings import MIB


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for each phase of a connection. The time in which the application works does not count."""

    head_seconds: float
    body_seconds: float
    body_grace_seconds: float
    body_bytes_per_second_min: int
    idle_seconds: float
    answer_seconds: float = 60.0
    linger_seconds: float = 30.0
    linger_quiet_seconds: float = 5.0
    linger_bytes_max: int = 256 * MIB
    goodbye_seconds: float = 1.0

    def head_is_late(self, seconds: float) -> bool:
        """Whether headers are late that are incomplete ``seconds`` after their first byte."""
        return seconds > self.head_seconds

    def body_is_late(self, seconds: float, received: int) -> bool:
        """Whether a body is late that is incomplete ``seconds`` after its headers. ``received`` bytes have arrived."""
        counted = max(0.0, seconds - self.body_grace_seconds)
        return seconds > self.body_seconds or received < counted * self.body_bytes_per_second_min

    def quiet_seconds(self, *, has_served: bool, is_leaving: bool) -> float:
        """How long a connection may stay open without a request. A new connection has only ``head_seconds``."""
        if is_leaving:
            return self.goodbye_seconds
        return self.idle_seconds if has_served else self.head_seconds


class Linger:
    """The time after an answer that closes the connection, in which the client may still send.

    Closing a socket with unread bytes resets the connection, and the client may lose the answer. So the server closes
    only its own side and throws away what arrives, for a bounded time and a bounded number of bytes.
    """

    def __init__(self, deadlines: Deadlines, now: float) -> None:
        self._deadlines = deadlines
        self._until = now + deadlines.linger_seconds
        self._quiet_until = now + deadlines.linger_quiet_seconds
        self._bytes_left = deadlines.linger_bytes_max

    def swallow(self, count: int, now: float) -> None:
        """Note that ``count`` bytes were thrown away."""
        self._bytes_left -= count
        self._quiet_until = now + self._deadlines.linger_quiet_seconds

    def is_over(self, now: float) -> bool:
        return now >= min(self._until, self._quiet_until) or self._bytes_left <= 0
