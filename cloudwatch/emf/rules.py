"""The limits of the embedded metric format, and the checks of single members.

A check has one of two results if a document does not follow the specification. With a **violation** (EmfViolation is
raised), CloudWatch makes no metric of the whole document. With a **remark** (a text is returned), CloudWatch makes the
metric anyway, as users observed. A reader accepts such a document, but a writer should not write it.

Sources: "Embedded metric format specification" in the Amazon CloudWatch user guide, and the API references of
PutMetricData and PutLogEvents where these are stricter. Each remark names its own source.
"""

from math import fsum
from typing import Any, NamedTuple

from cloudwatch.statistics import StatisticSet

# PutLogEvents takes 1,048,576 bytes in a batch and counts 26 extra bytes for each event. So this is the largest event
# that fits ("no larger than 1 MB"; until 2025 the limit of an event was 256 KB).
DOCUMENT_BYTES_MAX = 1_048_576 - 26
METRICS_MAX = 100
VALUES_MAX = 100
DIMENSIONS_MAX = 30
NAME_CHARACTERS_MAX = 255
DIMENSION_NAME_CHARACTERS_MAX = 250
DIMENSION_VALUE_CHARACTERS_MAX = 1024
VALUE_MAX = 2.0**360
TIMESTAMP_MS_MAX = 2**63 - 1  # a timestamp of PutLogEvents is a long of at least 0
SAMPLES_SPREAD_MAX = 100_000  # of one distribution; to bound the memory, a larger one has no percentiles

_SIZES = tuple(f"{prefix}{unit}" for unit in ("bytes", "bits") for prefix in ("Kilo", "Mega", "Giga", "Tera"))
_AMOUNTS = ("Bytes", "Bits", "Count", *_SIZES)
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_AMOUNTS, *(f"{a}/Second" for a in _AMOUNTS))
)


class EmfViolation(ValueError):
    """CloudWatch would make no metrics from this line.

    ``line`` counts from 1; it is None if a single document was read.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class Distribution(NamedTuple):
    """A value that is an object. ``values`` are the samples one by one, and empty if they are not known.

    The five simple statistics come from ``statistic_set``, all others from ``values``.
    """

    values: tuple[float, ...]
    statistic_set: StatisticSet


Value = float | tuple[float, ...] | Distribution


def member(parent: Any, name: str, kind: type) -> Any:
    """The member with this name and type. Raises EmfViolation if there is none."""
    if not isinstance(parent, dict):
        raise EmfViolation("not a JSON object where one is needed")
    value = parent.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise EmfViolation(f"{name} is missing or not of type {kind.__name__}")
    return value


def timestamp(value: Any) -> int:
    """The timestamp of a document, in milliseconds since the epoch. Raises EmfViolation if ``value`` is not one."""
    if type(value) is not int:
        raise EmfViolation("Timestamp is missing or not of type int")
    if not 0 <= value <= TIMESTAMP_MS_MAX:
        raise EmfViolation("Timestamp is out of range")
    return value


def text(value: str, what: str, characters_max: int) -> str:
    """The value, if CloudWatch accepts it as a name or a dimension value. Raises EmfViolation if not."""
    if not 1 <= len(value) <= characters_max or not value.strip() or not value.isascii():
        raise EmfViolation(f"{what} {value[:50]!r} is blank, not ASCII or longer than {characters_max}")
    return value


def measured(name: str, target: Any) -> Value:
    """The value of the metric ``name`` from its root member ``target``: a number, an array of numbers or an object.

    Raises EmfViolation if it is none of them, or if a number is out of range.
    """
    if isinstance(target, dict):
        return _distribution(name, target)
    if isinstance(target, list):
        if not 1 <= len(target) <= VALUES_MAX:
            raise EmfViolation(f"{name}: {len(target)} values, 1 to {VALUES_MAX} are allowed")
        return _numbers(name, target)
    return _number(name, target)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EmfViolation(f"{name}: {str(value)[:50]!r} is not a number")
    if abs(value) > VALUE_MAX:
        raise EmfViolation(f"{name}: a value is out of range")
    return float(value)


def _numbers(name: str, values: list[Any]) -> tuple[float, ...]:
    return tuple(_number(name, value) for value in values)


def _distribution(name: str, target: dict[str, Any]) -> Distribution:
    """A statistic set ``{Max, Min, Count, Sum}``, or ``{Values, Counts}`` with or without these four.

    The specification has neither. CloudWatch reads both, as the histograms of OpenTelemetry's awsemf exporter and of
    AWS's own distributions of it arrive in this form (amazon-cloudwatch-agent-test, pull request 537). The exporter's
    source says how: the sample count is the sum of Counts, and Count is then ignored.
    """
    if "Values" not in target:
        return _of_set(StatisticSet(*(_number(f"{name}.{key}", target.get(key)) for key in _STATISTIC_SET)))
    values = _numbers(name, member(target, "Values", list))
    counts = _numbers(name, member(target, "Counts", list))
    if len(values) != len(counts) or any(count < 0 for count in counts):
        raise EmfViolation(f"{name}: Values and Counts do not match")
    pairs = [(value, count) for value, count in zip(values, counts, strict=True) if count]
    samples = fsum(counts)
    minimum, maximum = min((v for v, _ in pairs), default=0.0), max((v for v, _ in pairs), default=0.0)
    found = {"Sum": fsum(value * count for value, count in pairs), "Min": minimum, "Max": maximum}
    total, low, high = (_number(name, target.get(key, other)) for key, other in found.items())
    spread: tuple[float, ...] = ()
    if samples <= SAMPLES_SPREAD_MAX and all(count.is_integer() for count in counts):
        spread = tuple(value for value, count in pairs for _ in range(int(count)))
    return Distribution(spread, StatisticSet(samples, total, low, high))


_STATISTIC_SET = ("Count", "Sum", "Min", "Max")


def _of_set(found: StatisticSet) -> Distribution:
    """A statistic set has percentiles only if all of its samples are equal ("CloudWatch statistics definitions")."""
    samples, total, minimum, maximum = found
    if samples < 0:
        raise EmfViolation("Count is negative")
    if minimum == maximum and total == minimum * samples and samples.is_integer() and samples <= SAMPLES_SPREAD_MAX:
        return Distribution((minimum,) * int(samples), found)
    return Distribution((), found)
