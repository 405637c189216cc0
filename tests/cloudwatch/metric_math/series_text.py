"""Series and results as text, with one value for each period and "-" for a gap: "30 0 20 - -"."""

from collections.abc import Iterable

from cloudwatch.metric_math import Result, evaluate
from cloudwatch.series import Series

PERIOD = 60
START = 1711929600  # Monday, 1 April 2024, 00:00 UTC


def series(text: str, label: str = "", start: int = START) -> Series:
    """The series of a text. It begins at ``start`` and has one value for each minute."""
    return Series(start, PERIOD, tuple(None if word == "-" else float(word) for word in text.split()), label)


def points_text(points: Iterable[float | None]) -> str:
    return " ".join("-" if value is None else f"{value:.4g}" for value in points)


def result_text(result: Result) -> object:
    """A text for a series, a list of texts for an array, and a number as it is."""
    if isinstance(result, Series):
        return points_text(result.values)
    return [points_text(one.values) for one in result] if isinstance(result, list) else result


def compute(expression: str, **metrics: str) -> object:
    """The result of the expression over the times of the ``metrics``, which are given as text."""
    given = {name: series(text) for name, text in metrics.items()}
    end = max((one.end for one in given.values()), default=START)
    return result_text(evaluate(expression, given, period=PERIOD, start=START, end=end))
