"""PutScalingPolicy: a refused call names the fields at fault."""

from typing import Any

import pytest

from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.policy import SimpleScaling, StepScaling, TargetTracking
from tests.cloudwatch.scaling.test_policies import BACKLOG, Json, cpu, policy, step


def refusal(kind: Any, values: Json, *more: Any) -> dict[str, str]:
    with pytest.raises(ParametersRefused) as refused:
        kind.from_api(values, *more)
    return {problem.field: problem.message for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("configuration", "field", "message"),
    [
        ({"TargetValue": None}, "TargetValue", "missing"),
        ({"TargetValue": 0}, "TargetValue", "more than 0"),
        ({"CustomizedMetricSpecification": None}, "CustomizedMetricSpecification", "either"),
        ({"PredefinedMetricSpecification": {}}, "CustomizedMetricSpecification", "not both"),
        ({"CustomizedMetricSpecification": BACKLOG | {"Period": 120}}, "CustomizedMetricSpecification.Period", "120"),
        (
            {"CustomizedMetricSpecification": BACKLOG | {"Statistic": "p90"}},
            "CustomizedMetricSpecification.Statistic",
            "none of",
        ),
        ({"Target": 5}, "Target", "no such parameter"),
        *(
            ({"CustomizedMetricSpecification": {"Metrics": metrics}}, "CustomizedMetricSpecification.Metrics", "list")
            for metrics in (5, "m1", {"Id": "m1"})
        ),
    ],
)
def test_a_target_tracking_configuration_is_refused_with_its_field(
    configuration: Json, field: str, message: str
) -> None:
    given_ = {"TargetValue": 10, "CustomizedMetricSpecification": BACKLOG} | configuration
    complete = {name: value for name, value in given_.items() if value is not None}
    found = refusal(TargetTracking, policy("TargetTrackingScaling", TargetTrackingConfiguration=complete))
    assert message in found[f"TargetTrackingConfiguration.{field}"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "missing"),
        ([step(None, None, 1)], "at least one bound"),
        ([step(10, 0, 1)], "less than the upper"),
        ([step(None, 0, 1), step(0, 0, 1)], "less than the upper"),
        ([step(0, 10, 1), step(20, None, 2)], "gap"),
        ([step(0, 10, 1), step(5, None, 2)], "overlap"),
        ([step(0, 10, 1)], "positive upper bound"),
        ([step(-10, 0, -1)], "negative lower bound"),
    ],
)
def test_steps_that_do_not_fit_together_are_refused(steps: list[Json], message: str) -> None:
    values = policy("StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=steps)
    assert message in refusal(StepScaling, values, cpu())["StepAdjustments"]


@pytest.mark.parametrize(
    ("own", "field", "message"),
    [
        ({"AdjustmentType": None}, "AdjustmentType", "missing"),
        ({"AdjustmentType": "Percent"}, "AdjustmentType", "none of"),
        ({"ScalingAdjustment": None}, "ScalingAdjustment", "missing"),
        ({"AdjustmentType": "ExactCapacity", "ScalingAdjustment": -1}, "ScalingAdjustment", "negative"),
        ({"MinAdjustmentMagnitude": 2}, "MinAdjustmentMagnitude", "PercentChangeInCapacity"),
        ({"Cooldown": -1}, "Cooldown", "at least 0"),
        ({"PolicyType": "StepScaling"}, "PolicyType", "none of"),
        ({"PolicyName": None}, "PolicyName", "missing"),
        ({"StepAdjustments": []}, "StepAdjustments", "no such parameter"),
    ],
)
def test_a_simple_policy_is_refused_with_its_field(own: Json, field: str, message: str) -> None:
    values = policy("SimpleScaling", **({"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1} | own))
    assert message in refusal(SimpleScaling, values, cpu())[field]


def test_a_policy_without_a_type_is_simple() -> None:
    values = policy("SimpleScaling", PolicyType=None, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    SimpleScaling.from_api(values, cpu())
    assert "missing" in refusal(StepScaling, values, cpu())["PolicyType"]
