"""Every function with what it takes and gives, in AWS's own abbreviations.

Source: "Functions supported for metric math" and "Using IF expressions" of the page "Using math expressions with
CloudWatch metrics" in the Amazon CloudWatch user guide; LAMBDA from "Use your custom data source".
S is a number, TS a time series, TS[] an array of them; ``metric`` is the id of a metric, which an expression is not.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple


class ValueKind(StrEnum):
    """What a part of an expression stands for. A whole expression is a S, a TS or a TS[]."""

    SCALAR = "S"
    SERIES = "TS"
    ARRAY = "TS[]"
    TEXT = "string"
    TEXTS = "string[]"
    WORD = "keyword"


class Signature(NamedTuple):
    """One way to call a function: for each argument what it may be, and what comes out."""

    parameters: tuple[frozenset[str], ...]
    result: ValueKind


_EACH = ("TS -> TS", "TS[] -> TS[]")
_AGGREGATE = ("TS -> S", "TS[] -> TS")
_TIME = ("TS -> TS",)
_SORTED = "TS[], AVG|MIN|MAX|SUM, ASC|DESC"
_LAMBDA_ARGUMENTS_MAX = 20

SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "ABS": _EACH,
    "ANOMALY_DETECTION_BAND": ("TS -> TS[]", "TS, S -> TS[]"),
    "AVG": _AGGREGATE,
    "CEIL": _EACH,
    "DATAPOINT_COUNT": _AGGREGATE,
    "DATE": _TIME,
    "DAY": _TIME,
    "DB_PERF_INSIGHTS": ("string, string, string -> TS", "string, string, string[] -> TS[]"),
    "DIFF": _EACH,
    "DIFF_TIME": _EACH,
    "EPOCH": _TIME,
    "FILL": ("TS, TS|S|REPEAT|LINEAR -> TS", "TS[], TS|S|REPEAT|LINEAR -> TS[]"),
    "FIRST": ("TS[] -> TS",),
    "FLOOR": _EACH,
    "HOUR": _TIME,
    "IF": ("TS, S|TS -> TS", "TS, S|TS, S|TS -> TS", "S, TS -> TS", "S, TS, TS -> TS"),
    "INSIGHT_RULE_METRIC": ("string, string -> TS",),
    "LAMBDA": tuple(f"string{', string|S|true|false' * count} -> TS[]" for count in range(_LAMBDA_ARGUMENTS_MAX + 1)),
    "LAST": ("TS[] -> TS",),
    "LOG": _EACH,
    "LOG10": _EACH,
    "MAX": _AGGREGATE,
    "METRICS": (" -> TS[]", "string -> TS[]"),
    "METRIC_COUNT": ("TS[] -> S",),
    "MIN": _AGGREGATE,
    "MINUTE": _TIME,
    "MONTH": _TIME,
    "PERIOD": ("metric -> S",),
    "RATE": _EACH,
    "REMOVE_EMPTY": ("TS[] -> TS[]",),
    "RUNNING_SUM": _EACH,
    "SEARCH": ("string, string -> TS[]", "string, string, S -> TS[]"),
    "SERVICE_QUOTA": ("TS -> TS",),
    "SLICE": ("TS[], S -> TS[]", "TS[], S, S -> TS[]"),
    "SORT": (f"{_SORTED} -> TS[]", f"{_SORTED}, S -> TS[]"),
    "STDDEV": _AGGREGATE,
    "SUM": _AGGREGATE,
    "TIME_SERIES": ("S -> TS",),
    "YEAR": _TIME,
}

# They ask something that only CloudWatch can answer.
REMOTE = frozenset(
    "ANOMALY_DETECTION_BAND DB_PERF_INSIGHTS INSIGHT_RULE_METRIC LAMBDA SEARCH SERVICE_QUOTA".split()  # noqa: SIM905
)

KEYWORDS = frozenset(("REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC", "true", "false"))


@cache
def variants(function: str) -> tuple[Signature, ...]:
    """The ways to call a function. Raises KeyError for an unknown one."""
    return tuple(_variant(signature) for signature in SIGNATURES[function])


def _variant(signature: str) -> Signature:
    parameters, result = signature.split(" -> ")
    return Signature(
        tuple(frozenset(choice.split("|")) for choice in parameters.split(", ") if choice), ValueKind(result)
    )
