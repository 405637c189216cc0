"""The form of a call comes from the installed botocore. After an upgrade, these tests name new parameters."""

from typing import Any

import pytest

from cloudwatch.alarm import put_log_alarm, put_metric_alarm
from cloudwatch.alarm.metric_alarm import Comparison
from cloudwatch.alarm.watched import STATISTICS
from cloudwatch.call_form import form_faults, input_shape, service_model
from cloudwatch.composite import composite_alarm


@pytest.mark.parametrize("module", [put_metric_alarm, composite_alarm, put_log_alarm])
def test_every_parameter_of_the_call_is_known(module: Any) -> None:
    assert set(input_shape("cloudwatch", module.CALL).members) == module.PARAMETERS


def test_every_comparison_and_statistic_of_the_model_is_known() -> None:
    model = service_model("cloudwatch")
    bands = put_metric_alarm.BANDS
    assert set(model.shape_for("ComparisonOperator").enum) == {*Comparison, *bands}  # type: ignore[attr-defined]
    assert set(model.shape_for("Statistic").enum) == set(STATISTICS)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"AlarmName": "a"}, "AlarmRule", "missing"),
        ({"AlarmName": "a", "AlarmRule": "b" * 10_241}, "AlarmRule", "10241 characters, 1 to 10240"),
        ({"AlarmName": 7, "AlarmRule": "b"}, "AlarmName", "'7' has the wrong type"),
        ({"AlarmName": "a", "AlarmRule": "b", "Tags": {"Key": "k"}}, "Tags", "not a list"),
        ({"AlarmName": "a", "AlarmRule": "b", "Tags": [{"Key": "k"}]}, "Tags[0].Value", "missing"),
        ({"AlarmName": "a", "AlarmRule": "b", "Tags": ["k"]}, "Tags[0]", "type"),
        ({"AlarmName": "a", "AlarmRule": "b", "OKActions": ["x"] * 6}, "OKActions", "has 6 items, at most 5"),
        ({"AlarmName": "a", "AlarmRule": "b", "ActionsEnabled": 1}, "ActionsEnabled", "type"),
        ({"AlarmName": "a", "AlarmRule": "b", "AlarmRul": "b"}, "AlarmRul", "no such parameter"),
    ],
)
def test_a_fault_of_form_has_its_path(values: dict[str, Any], field: str, message: str) -> None:
    found = dict(form_faults(values, input_shape("cloudwatch", "PutCompositeAlarm")))
    assert set(found) == {field}
    assert message in found[field]
