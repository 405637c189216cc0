"""The notation of a series in the test files of alarms: the values of each minute, in one line.

``0x5 3 _ 7x2`` is five minutes of 0, one of 3, one without data, and two of 7. ``[80 90 5000]x3`` is three values in
each of three minutes, ``200*35x3`` is thirty-five times the value 200 in each, and ``[0*97 1*3]`` is a hundred values.
``2-`` is a value just below 2, and ``2+`` one just above it: they show on which side of a threshold 2 itself lies.
States of alarms, and the capacities of a group, are written in the same way: ``OKx3 ALARMx5``.
"""

import math
import re

REPEATS_MAX = 10_000  # minutes
VALUES_MAX = 1_000_000  # of one minute: enough for a share with four decimals of a percent
NEAR = 1e-12  # of the value: more than sums and averages of a float lose, less than any threshold tells apart
_TOKEN = re.compile(r"(\[[^\]]*\]|[^\s\[\]]+?)(?:x(\d+))?(?=\s|$)")

Minute = tuple[float, ...]


class NotationError(ValueError):
    """The line cannot be read. The message quotes the faulty part."""


def read_minutes(text: str) -> list[Minute]:
    """The values of each minute; an empty tuple is a minute without data. Raises NotationError."""
    return [_values(item) for item in expand(text)]


def expand(text: str) -> list[str]:
    """The items of the line, with their repetitions written out. Raises NotationError."""
    items: list[str] = []
    position = 0
    for match in _TOKEN.finditer(text):
        if text[position : match.start()].strip():
            break
        items += [match[1]] * _times(match[2] or "1", match[0], REPEATS_MAX)
        position = match.end()
    if rest := text[position:].strip():
        raise NotationError(f"{rest!r} is neither a value, _ nor […]")
    return items


def _times(text: str, item: str, most: int) -> int:
    times = int(text)
    if not 1 <= times <= most:
        raise NotationError(f"{item!r}: 1 to {most} times are possible")
    return times


def _values(item: str) -> Minute:
    if item == "_":
        return ()
    try:
        samples = item[1:-1].split() if item.startswith("[") else [item]
        return tuple(value for sample in samples for value in _samples(sample))
    except NotationError:
        raise
    except ValueError:
        raise NotationError(f"{item!r} is neither a value, _ nor […]") from None


def _samples(item: str) -> Minute:
    value, star, times = item.partition("*")
    return (_number(value),) * _times(times if star else "1", item, VALUES_MAX)


def _number(text: str) -> float:
    """Raises ValueError, also for NaN and infinities, because CloudWatch accepts neither."""
    side = {"-": -1, "+": 1}.get(text[-1], 0)
    number = float(text[:-1] if side else text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number + side * NEAR * (abs(number) or 1)
