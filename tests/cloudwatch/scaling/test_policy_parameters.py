"""PutScalingPolicy: a refused call names the fields at fault."""

from typing import Any

import pytest

from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.policy import Capacity, SimpleScaling, StepScaling
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy, read_scaling_policy
from tests.cloudwatch.scaling.test_policies import BACKLOG, Json, policy, step


def refusal(values: Json) -> dict[str, str]:
    with pytest.raises(ParametersRefused) as refused:
        read_scaling_policy(values)
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
    found = refusal(policy("TargetTrackingScaling", TargetTrackingConfiguration=complete))
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
    assert message in refusal(values)["StepAdjustments"]


@pytest.mark.parametrize(
    ("own", "field", "message"),
    [
        ({"AdjustmentType": None}, "AdjustmentType", "missing"),
        ({"AdjustmentType": "Percent"}, "AdjustmentType", "none of"),
        ({"ScalingAdjustment": None}, "ScalingAdjustment", "missing"),
        ({"AdjustmentType": "ExactCapacity", "ScalingAdjustment": -1}, "ScalingAdjustment", "negative"),
        ({"MinAdjustmentMagnitude": 2}, "MinAdjustmentMagnitude", "PercentChangeInCapacity"),
        ({"Cooldown": -1}, "Cooldown", "at least 0"),
        ({"PolicyType": "SimplyScaling"}, "PolicyType", "none of"),
        ({"PolicyName": None}, "PolicyName", "missing"),
        ({"StepAdjustments": []}, "StepAdjustments", "no such parameter"),
    ],
)
def test_a_simple_policy_is_refused_with_its_field(own: Json, field: str, message: str) -> None:
    values = policy("SimpleScaling", **({"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1} | own))
    assert message in refusal(values)[field]


def test_a_policy_without_a_type_is_simple() -> None:
    values = policy("SimpleScaling", PolicyType=None, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    assert isinstance(read_scaling_policy(values), SimpleScaling)


def test_the_old_name_of_the_minimum_magnitude_is_taken() -> None:
    percent = {"AdjustmentType": "PercentChangeInCapacity", "ScalingAdjustment": 10, "MinAdjustmentStep": 2}
    read = read_scaling_policy(policy("SimpleScaling", **percent))
    assert isinstance(read, SimpleScaling) and read.adjustment.minimum_magnitude == 2
    assert (
        "PercentChange"
        in refusal(policy("SimpleScaling", **(percent | {"AdjustmentType": "ExactCapacity"})))["MinAdjustmentStep"]
    )


def test_a_step_policy_that_no_alarm_uses_is_read_and_never_acts() -> None:
    steps = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step(0, None, 1)]}
    read = read_scaling_policy(policy("StepScaling", **steps))
    assert isinstance(read, StepScaling) and read.alarms == ()
    assert read.propose(Capacity(1, 1), {}, 99.0) is None


LABEL = "app/web/778d41231b141a0f/targetgroup/web/943f017f100becff"


@pytest.mark.parametrize(
    ("specification", "reason"),
    [
        ({"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": LABEL}, "ALBRequestCountPerTarget"),
        ({"PredefinedMetricType": "ASGAverageCPUUtilizationHighResolution"}, "HighResolution"),
    ],
)
def test_a_predefined_metric_without_a_documented_identity_is_valid_and_not_played(
    specification: Json, reason: str
) -> None:
    configuration = {"TargetValue": 10, "PredefinedMetricSpecification": specification}
    read = read_scaling_policy(policy("TargetTrackingScaling", TargetTrackingConfiguration=configuration))
    assert isinstance(read, UnplayedPolicy) and reason in read.reason


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"PredefinedMetricType": "ALBRequestCountPerTarget"}, "missing"),
        ({"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "targetgroup/web/9"}, "must be app/"),
        ({"PredefinedMetricType": "ASGAverageNetworkIn", "ResourceLabel": LABEL}, "only for ALBRequestCountPerTarget"),
    ],
)
def test_only_the_request_count_has_a_resource_label(specification: Json, message: str) -> None:
    configuration = {"TargetValue": 10, "PredefinedMetricSpecification": specification}
    found = refusal(policy("TargetTrackingScaling", TargetTrackingConfiguration=configuration))
    assert message in found["TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel"]


PAIR = {"PredefinedMetricPairSpecification": {"PredefinedMetricType": "ASGCPUUtilization"}}
LOAD = {"PredefinedLoadMetricSpecification": {"PredefinedMetricType": "ASGTotalCPUUtilization"}}
SCALING = {"PredefinedScalingMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}


def predictive(*specifications: Json, **own: Any) -> Json:
    targeted = [{"TargetValue": 50} | specification for specification in specifications]
    return policy("PredictiveScaling", PredictiveScalingConfiguration={"MetricSpecifications": targeted} | own)


@pytest.mark.parametrize(
    "values",
    [
        predictive(PAIR),
        predictive(LOAD | SCALING, Mode="ForecastAndScale"),
        predictive(PAIR, MaxCapacityBreachBehavior="IncreaseMaxCapacity", MaxCapacityBuffer=10),
        predictive(PAIR, MaxCapacityBreachBehavior="HonorMaxCapacity", SchedulingBufferTime=300),
    ],
)
def test_a_predictive_policy_is_valid_and_not_played(values: Json) -> None:
    assert read_scaling_policy(values) == UnplayedPolicy("p", "only AWS can compute a forecast of the load")


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        (predictive(), "MetricSpecifications", "exactly one"),
        (predictive(PAIR, PAIR), "MetricSpecifications", "exactly one"),
        (predictive(PAIR | LOAD), "MetricSpecifications[0].PredefinedMetricPairSpecification", "either"),
        (predictive(LOAD), "MetricSpecifications[0].PredefinedMetricPairSpecification", "one scaling metric"),
        (predictive(PAIR, MaxCapacityBuffer=10), "MaxCapacityBuffer", "only then"),
        (predictive(PAIR, MaxCapacityBreachBehavior="IncreaseMaxCapacity"), "MaxCapacityBuffer", "must be given"),
        (predictive(PAIR, SchedulingBufferTime=3600), "SchedulingBufferTime", "3600 s"),
        (predictive(PAIR, Mode="Forecast"), "Mode", "ForecastOnly"),
    ],
)
def test_a_predictive_policy_is_refused_with_its_field(values: Json, field: str, message: str) -> None:
    assert message in refusal(values)[f"PredictiveScalingConfiguration.{field}"]
