"""A small schema language for dashboard bodies, with the messages of PutDashboard.

CloudWatch answers with a list of ``{dataPath, message}``, for example ``/widgets/0/properties/alarms`` and "Should NOT
have less than 1 items". Where CloudWatch's own text is not known, the message has the same style.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloudwatch.notice import Notice, Severity
from cloudwatch.statistics import parse_statistic

SHORT_PERIODS = (1, 5, 10, 20, 30)

_DURATION = re.compile(r"P(?=.)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)")
_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


@dataclass(slots=True)
class Report:
    """Collects the notices about one body. An error is a refusal of PutDashboard; a remark is not.

    ``place`` of a notice is a path of the body; its ``file`` is empty.
    """

    problems: list[Notice] = field(default_factory=list)

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Notice(Severity.ERROR, "", path, message))

    def remark(self, path: str, message: str) -> None:
        self.problems.append(Notice(Severity.REMARK, "", path, message))


# Checks the value at a path and adds its problems to the report.
Check = Callable[[Any, str, Report], None]


def text(pattern: str | None = None) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, str):
            report.refuse(path, "Should be string")
        elif pattern is not None and not re.fullmatch(pattern, value):
            report.refuse(path, f'Should match pattern "{pattern}"')

    return check


def boolean(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, bool):
        report.refuse(path, "Should be boolean")


def number(value: Any, path: str, report: Report) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        report.refuse(path, "Should be number")


def scalar(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, str | int | float):
        report.refuse(path, "Should be string, number or boolean")


def integer(least: int, most: int | None = None) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.refuse(path, "Should be integer")
        elif value < least:
            report.refuse(path, f"Should be >= {least}")
        elif most is not None and value > most:
            report.refuse(path, f"Should be <= {most}")

    return check


def one_of(*options: str) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if value not in options:
            report.refuse(path, f"Should be equal to one of the allowed values: {', '.join(options)}")

    return check


def documented(*options: str) -> Check:
    """Check for one of the texts of the reference. PutDashboard accepts others: bodies with such texts are in use."""

    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, str):
            report.refuse(path, "Should be string")
        elif value not in options:
            report.remark(path, f"{value!r} is none of the documented values: {', '.join(options)}")

    return check


def annotation_colour(value: Any, path: str, report: Report) -> None:
    """The reference requires a hex colour here. A body with a "red" line is in use, so PutDashboard accepts others."""
    if not isinstance(value, str):
        report.refuse(path, "Should be string")
    elif not _COLOUR.fullmatch(value):
        report.remark(path, f"{value!r} is not a hex colour such as #d62728")


def colour(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        report.refuse(path, "Should be a hex colour such as #d62728")


def time(value: Any, path: str, report: Report) -> None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        report.refuse(path, "Should be a time in the format of ISO 8601")


def is_relative(value: Any) -> bool:
    """Whether the value is a time before now, like -PT3H or -PT1H30M, or now itself: P0D."""
    if not isinstance(value, str) or _DURATION.fullmatch(value.removeprefix("-")) is None:
        return False
    return value.startswith("-") or not re.search("[1-9]", value)


def time_or_relative(value: Any, path: str, report: Report) -> None:
    """The reference allows only a relative start. The console writes the end "P0D", so PutDashboard accepts it."""
    if not is_relative(value):
        time(value, path, report)


def check_range(holder: Mapping[str, Any], path: str, report: Report) -> None:
    """The reference requires a start with an end. PutDashboard accepts an end alone, without effect (aws-cdk 27124)."""
    start, end = holder.get("start"), holder.get("end")
    if end is not None and (start is None or (is_relative(start) and not is_relative(end))):
        report.remark(f"{path}/end", "has no effect without an absolute start")


def time_zone(value: Any, path: str, report: Report) -> None:
    """The reference allows only forms like +0130. PutDashboard also accepts "UTC" and "Local", which are in use."""
    if not isinstance(value, str):
        report.refuse(path, "Should be string")
    elif not re.fullmatch(r"[+-]\d{4}", value):
        report.remark(path, f"{value!r} is not of the documented form +0130 or -0500")


def period(value: Any, path: str, report: Report) -> None:
    """The reference allows only multiples of 60, but metrics of high resolution are graphed in shorter periods too."""
    if isinstance(value, bool) or not isinstance(value, int):
        report.refuse(path, "Should be integer")
    elif value not in SHORT_PERIODS and (value < 60 or value % 60):
        report.refuse(path, "Should be 1, 5, 10, 20, 30 or a multiple of 60")


def statistic(value: Any, path: str, report: Report) -> None:
    try:
        parse_statistic(value)
    except (TypeError, ValueError):
        report.refuse(path, "Should be a statistic such as Average or p99")


def items(check: Check, *, least: int = 0, most: int | None = None) -> Check:
    def check_all(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, list):
            report.refuse(path, "Should be array")
            return
        if len(value) < least:
            report.refuse(path, f"Should NOT have less than {least} items")
        if most is not None and len(value) > most:
            report.refuse(path, f"Should NOT have more than {most} items")
        for index, item in enumerate(value):
            check(item, f"{path}/{index}", report)

    return check_all


def members(known: Mapping[str, Check], *, required: Collection[str] = ()) -> Check:
    """Check an object. An unknown member is only a remark, because AWS does not document whether it is refused."""

    def check_all(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, Mapping):
            report.refuse(path, "Should be object")
            return
        for name in required:
            if name not in value:
                report.refuse(path, f"Should have required property '{name}'")
        for name, member in value.items():
            if name in known:
                known[name](member, f"{path}/{name}", report)
            else:
                report.remark(f"{path}/{name}", "is not a property that CloudWatch documents")

    return check_all


def anything(value: Any, path: str, report: Report) -> None:
    """Accept every value."""
