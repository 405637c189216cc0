"""The limits of the embedded metric format, and the checks of single members.

Sources: "Embedded metric format specification" in the Amazon CloudWatch user guide, and the API references of
PutMetricData and PutLogEvents where these are stricter.
"""

from typing import Any

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


def numbers(name: str, target: Any) -> tuple[float, ...]:
    """The values of the metric ``name`` from its root member ``target``: a number or an array of numbers.

    Raises EmfViolation if it is neither, or if a value is out of range.
    """
    values = target if isinstance(target, list) else [target]
    if not 1 <= len(values) <= VALUES_MAX:
        raise EmfViolation(f"{name}: {len(values)} values, 1 to {VALUES_MAX} are allowed")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise EmfViolation(f"{name}: {str(value)[:50]!r} is not a number")
        if abs(value) > VALUE_MAX:
            raise EmfViolation(f"{name}: a value is out of range")
    return tuple(values)
