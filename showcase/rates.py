"""A rate of requests, as settings write it: ``10/60`` or ``off``."""

from dataclasses import dataclass

SECONDS_MAX = 86_400
OFF = "off"


@dataclass(frozen=True, slots=True)
class Limit:
    """``requests`` at once, and as many again in each ``seconds``, evenly. Raises ValueError."""

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if not (1 <= self.requests <= self.seconds * 1000 and self.seconds <= SECONDS_MAX):
            raise ValueError(f"at least one request, at most one each millisecond, and {SECONDS_MAX} seconds")

    @property
    def interval_seconds(self) -> float:
        """After which one more request is free; whole milliseconds, as the clock of SQLite."""
        return self.seconds * 1000 // self.requests / 1000

    @property
    def tolerance_seconds(self) -> float:
        """How far ``free_at`` may be ahead when one more is let through."""
        return (self.requests - 1) * self.interval_seconds

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds}"


def read_limit(text: str) -> Limit | None:
    """``10/60`` is ten requests at once and in each minute; ``off`` is no limit. Raises ValueError."""
    if text == OFF:
        return None
    requests, slash, seconds = text.partition("/")
    if not (slash and _is_number(requests) and _is_number(seconds)):
        raise ValueError("write REQUESTS/SECONDS, for example 10/60, or off")
    return Limit(int(requests), int(seconds))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
