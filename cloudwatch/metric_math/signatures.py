"""Every function with the kinds of its arguments and of its result, in AWS's own abbreviations.

Source: "Functions supported for metric math" and "Using IF expressions" of the page "Using math expressions with
CloudWatch metrics" in the Amazon CloudWatch user guide; LAMBDA from "Use your custom data source".
S is a number, TS a time series, TS[] an array of time series. ``metric`` is the id of a metric, not of an expression.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple


class ValueKind(StrEnum):
    """The kind of a part of an expression. A whole expression is an S, a TS or a TS[]."""

    SCALAR = "S"
    SERIES = "TS"
    ARRAY = "TS[]"
    TEXT = "string"
    TEXTS = "string[]"
    WORD = "keyword"


class Signature(NamedTuple):
    """One way to call a function: the allowed kinds of each argument, and the kind of the result."""

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

# Only CloudWatch can compute these.
REMOTE = frozenset(
    "ANOMALY_DETECTION_BAND DB_PERF_INSIGHTS INSIGHT_RULE_METRIC LAMBDA SEARCH SERVICE_QUOTA".split()  # noqa: SIM905
)

KEYWORDS = frozenset(("REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC", "true", "false"))


@cache
def variants(function: str) -> tuple[Signature, ...]:
    """The ways to call a function. Raises KeyError for an unknown one."""
    pairs = (signature.split(" -> ") for signature in SIGNATURES[function])
    return tuple(
        Signature(tuple(frozenset(kinds.split("|")) for kinds in parameters.split(", ") if kinds), ValueKind(result))
        for parameters, result in pairs
    )
