"""The changes of the alarm of one window that no data can show: ``alarms.test --mutants`` takes them as declared."""

from collections.abc import Mapping, Sequence
from typing import Any

from alarms.burn_rates.objective import Objective
from alarms.burn_rates.window_cases import events_max, is_counted_by_sets, share_of
from cloudwatch.alarm.missing_data import TreatMissingData


def equivalent_changes(
    objective: Objective, threshold: float, queries: Sequence[Mapping[str, Any]], treatment: str
) -> dict[str, str]:
    """The changes of a window's alarm that no data can show, each with the reason."""
    filled = "The share is filled with 0, so no period is missing; it is said for the case that FILL fills nothing."
    found = {f"TreatMissingData: {treatment} -> {other}": filled for other in TreatMissingData if other != treatment}
    if share_of(threshold).denominator > events_max(objective) and not is_counted_by_sets(objective):
        found["ComparisonOperator: GreaterThanThreshold -> GreaterThanOrEqualToThreshold"] = (
            f"A share of exactly {threshold:g} % needs {share_of(threshold).denominator:,} events."
        )
    if threshold >= 1:
        index, share = len(queries) - 1, queries[-1]["Expression"]
        changed = f"{share.removesuffix('0)')}1)"
        found[f"Metrics[{index}].Expression: {share} -> {changed}"] = f"1 % is as far below {threshold:g} % as 0 %."
    return found
