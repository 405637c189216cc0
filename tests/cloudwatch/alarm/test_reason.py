"""Reasons read like CloudWatch's own. The texts come from notifications that users of CloudWatch published."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.reason import Point, reason
from cloudwatch.alarm.state import AlarmState
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import parameters


def alarm(comparison: str, threshold: float, periods: int, **changes: Any) -> MetricAlarm:
    return played_alarm(
        parameters(ComparisonOperator=comparison, Threshold=threshold, EvaluationPeriods=periods, **changes)
    )


def points(newest: str, *values: float, apart: int = 60) -> list[Point]:
    """Points with the ``values``, from the newest back in time."""
    start = int(datetime.strptime(newest, "%d/%m/%y %H:%M:%S").replace(tzinfo=UTC).timestamp())
    return [(start - index * apart, value) for index, value in enumerate(values)]


def test_an_alarm_lists_the_breaching_points_the_newest_first() -> None:
    watching = alarm("GreaterThanOrEqualToThreshold", 7, 3)
    given = points("14/07/21 23:18:00", 8.891518474692088, 9.72, 9.18241509182415)
    assert reason(watching, AlarmState.ALARM, given) == (
        "Threshold Crossed: 3 out of the last 3 datapoints [8.891518474692088 (14/07/21 23:18:00), "
        "9.72 (14/07/21 23:17:00), 9.18241509182415 (14/07/21 23:16:00)] were greater than or equal to the threshold "
        "(7.0) (minimum 3 datapoints for OK -> ALARM transition)."
    )


def test_a_recovery_lists_only_the_points_within_the_threshold() -> None:
    watching = alarm("GreaterThanOrEqualToThreshold", 1, 2)
    given = points("02/06/23 12:28:00", 0.0, 1.0)
    assert reason(watching, AlarmState.OK, given) == (
        "Threshold Crossed: 1 out of the last 2 datapoints [0.0 (02/06/23 12:28:00)] was not greater than or equal to "
        "the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )


def test_many_points_are_listed_after_the_threshold_and_only_the_most_recent_five() -> None:
    watching = alarm("LessThanThreshold", 65, 5)
    given = points("29/04/20 23:32:00", 0.0, 0.0, 0.0, 0.0, 0.0)
    assert reason(watching, AlarmState.ALARM, given) == (
        "Threshold Crossed: 5 out of the last 5 datapoints were less than the threshold (65.0). The most recent "
        "datapoints which crossed the threshold: [0.0 (29/04/20 23:32:00), 0.0 (29/04/20 23:31:00), "
        "0.0 (29/04/20 23:30:00), 0.0 (29/04/20 23:29:00), 0.0 (29/04/20 23:28:00)] "
        "(minimum 5 datapoints for OK -> ALARM transition)."
    )
    of_six = reason(alarm("LessThanThreshold", 65, 6), AlarmState.ALARM, points("29/04/20 23:32:00", *[0.0] * 6))
    assert of_six.count("0.0 (") == 5


def test_the_recovery_of_an_m_of_n_alarm_needs_n_minus_m_plus_one_points() -> None:
    watching = alarm("GreaterThanThreshold", 5, 3, DatapointsToAlarm=2)
    text = reason(watching, AlarmState.OK, points("02/06/23 12:28:00", 0.0, 1.0, 9.0))
    assert "2 out of the last 3 datapoints [0.0 (02/06/23 12:28:00), 1.0 (02/06/23 12:27:00)] were not" in text
    assert "(minimum 2 datapoints for ALARM -> OK transition)" in text


@pytest.mark.parametrize(
    ("mode", "periods", "state", "text"),
    [
        (
            "breaching",
            3,
            AlarmState.ALARM,
            "no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].",
        ),
        (
            "notBreaching",
            1,
            AlarmState.OK,
            "no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
        ),
    ],
)
def test_without_points_the_reason_names_the_treatment_of_missing_data(
    mode: str, periods: int, state: AlarmState, text: str
) -> None:
    watching = alarm("GreaterThanThreshold", 5, periods, TreatMissingData=mode)
    assert reason(watching, state, []) == f"Threshold Crossed: {text}"


def test_with_too_few_points_the_reason_counts_the_filled_points() -> None:
    watching = alarm("GreaterThanThreshold", 5, 3, TreatMissingData="breaching")
    assert reason(watching, AlarmState.ALARM, points("02/06/23 12:28:00", 9.0)) == (
        "Threshold Crossed: 1 datapoint [9.0 (02/06/23 12:28:00)] was received for 3 periods and 2 missing datapoints "
        "were treated as [Breaching]."
    )
    two = reason(watching, AlarmState.ALARM, points("02/06/23 12:28:00", 9.0, 9.0))
    assert "] were received for 3 periods and 1 missing datapoint was treated" in two


def test_an_early_breach_has_the_usual_reason() -> None:
    text = reason(alarm("LessThanThreshold", 1, 3), AlarmState.ALARM, points("02/06/23 12:28:00", 0.0))
    assert "1 out of the last 3 datapoints [0.0 (02/06/23 12:28:00)] was less than the threshold (1.0)" in text
    assert "(minimum 3 datapoints for OK -> ALARM transition)" in text


@pytest.mark.parametrize(
    ("known", "text"), [((), "3 datapoints were unknown"), ((9.0, 9.0), "1 datapoint was unknown")]
)
def test_insufficient_data_counts_the_unknown_points(known: tuple[float, ...], text: str) -> None:
    given = points("02/06/23 12:28:00", *known)
    reasoned = reason(alarm("GreaterThanThreshold", 5, 3), AlarmState.INSUFFICIENT_DATA, given)
    assert reasoned == f"Insufficient Data: {text}."
