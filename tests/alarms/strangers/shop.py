"""A shop that is no part of this project: what happened in its checkout, minute by minute, and when an alarm must fire.

Each writer of this folder is another EMF library. It is run as a process, with the first minute as its argument, and
writes the same values to its standard output.
"""

from collections.abc import Sequence

NAMESPACE = "Shop"
SERVICE = "checkout"
MINUTE = 60
EXAMPLE_BEGIN = 1_772_359_200  # 2026-03-01 10:00 UTC: that of the log in docs/examples/shop

# Payments that failed in each minute.
ERRORS = [
    *(0, 1, 0, 0, 2, 0, 0, 1, 0, 0),
    *(0, 3, 0, 4, 0, 5, 6, 4, 7, 5),
    *(3, 0, 0, 1, 0, 0, 0, 2, 0, 0),
]
ORDERS = [10 + minute % 4 for minute in range(len(ERRORS))]


def latencies_ms(minute: int) -> list[float]:
    """One for each order; they grow with the errors."""
    return [120.0 + 15 * order + 100 * ERRORS[minute] for order in range(ORDERS[minute])]


def minutes_in_alarm(values: Sequence[float], above: float, breaching: int, of: int) -> list[int]:
    """The minutes after which ``breaching`` of the last ``of`` values lay above the threshold.

    This is AWS's sentence about M out of N, and nothing else: it shares no code with ``cloudwatch/``.
    """
    windows = [values[max(0, end - of) : end] for end in range(1, len(values) + 1)]
    return [end for end, window in enumerate(windows, 1) if sum(value > above for value in window) >= breaching]
