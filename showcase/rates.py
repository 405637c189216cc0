"""A rate of requests, as settings write it: ``10/60`` or ``off``."""

from dataclasses import dataclass

SECONDS_MAX = 86_400
OFF = "off"


@dataclass(frozen=True, slots=True)
class Limit:
    """``requests`` at once, and the same number again, evenly spread, in each ``seconds``. Raises ValueError."""

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if not (1 <= self.requests <= self.seconds * 1000 and self.seconds <= SECONDS_MAX):
            raise ValueError(f"at least one request, at most one each millisecond, and {SECONDS_MAX} seconds")

    @property
    def interval_seconds(self) -> float:
        """The time after which one more request passes; whole milliseconds, because SQLite's clock counts them."""
        return self.seconds * 1000 // self.requests / 1000

    @property
    def tolerance_seconds(self) -> float:
        """How far ``free_at`` may lie in the future when one more request passes."""
        return (self.requests - 1) * self.interval_seconds

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds}"


def read_limit(text: str) -> Limit | None:
    """Read ``10/60`` (ten requests at once, and ten a minute) or ``off`` (no limit: None). Raises ValueError."""
    if text == OFF:
        return None
    requests, slash, seconds = text.partition("/")
    if not (slash and _is_number(requests) and _is_number(seconds)):
        raise ValueError("write REQUESTS/SECONDS, for example 10/60, or off")
    return Limit(int(requests), int(seconds))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
