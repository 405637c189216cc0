"""Each part of a definition that means something is changed, and nothing else: the mutants of small definitions."""

from typing import Any

import pytest

from alarms.definition_files import Definition, DefinitionKind
from alarms.test.mutants.mutant import mutants_of

Json = dict[str, Any]

ALARM: Json = {
    **{"AlarmName": "a", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 300},
    "Dimensions": [{"Name": "Stage", "Value": "prod"}],
    **{"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 4, "Unit": "Count"},
    "ComparisonOperator": "GreaterThanThreshold",
}
ARN = "arn:aws:sns:us-east-1:123456789012:pages"


def definition(kind: DefinitionKind, parameters: Json, assumes: dict[str, str] | None = None) -> Definition:
    return Definition(kind, "a.json", {}, assumes or {}, parameters, is_ours=False)


def changes(kind: DefinitionKind, parameters: Json, *others: Definition) -> dict[str, list[str]]:
    """The texts of all changes, by key."""
    own = definition(kind, parameters)
    found: dict[str, list[str]] = {}
    for mutant in mutants_of(own, [own, *others]):
        found.setdefault(mutant.change.key, []).append(mutant.change.text)
    return found


def changed_expressions(expression: str, *ids: str) -> set[str]:
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    metrics = [{"Id": name, "MetricStat": stat, "ReturnData": False} for name in ids]
    alarm = {name: value for name, value in ALARM.items() if name in ("AlarmName", "EvaluationPeriods", "Threshold")}
    watched = {"Id": "e", "Expression": expression, **({} if ids else {"Period": 60})}
    alarm |= {"ComparisonOperator": "GreaterThanThreshold", "Metrics": [*metrics, watched]}
    texts = changes(DefinitionKind.METRIC_ALARM, alarm)[f"Metrics[{len(ids)}].Expression"]
    assert all(text.startswith(f"{expression} -> ") for text in texts)
    return {text.removeprefix(f"{expression} -> ") for text in texts}


def test_each_parameter_of_a_metric_alarm_is_changed() -> None:
    alarm = {**ALARM, "AlarmActions": [ARN], "OKActions": [ARN]}
    assert changes(DefinitionKind.METRIC_ALARM, alarm) == {
        "Threshold": ["4 -> 2", "4 -> 3", "4 -> 5", "4 -> 8", "4 -> 3.996", "4 -> 4.004"],
        "EvaluationPeriods": ["3 -> 2", "3 -> 4"],
        "DatapointsToAlarm": ["2 -> 1", "2 -> 3"],
        "DatapointsToAlarm, EvaluationPeriods": ["2 of 3 -> 1 of 2", "2 of 3 -> 3 of 4"],
        "ComparisonOperator": [
            f"GreaterThanThreshold -> {other}"
            for other in ("GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold")
        ],
        "TreatMissingData": ["missing -> ignore", "missing -> breaching", "missing -> notBreaching"],
        "Namespace": ["Shop -> Shop-other"],
        "MetricName": ["Errors -> Errors-other"],
        "Dimensions[0].Value": ["prod -> prod-other"],
        "Dimensions[0]": ["Stage=prod -> none"],
        "Unit": ["Count -> Seconds", "Count -> none"],
        "Statistic": ["Sum -> SampleCount", "Sum -> Average", "Sum -> Minimum", "Sum -> Maximum"],
        "Period": ["300 -> 240", "300 -> 360", "300 -> 600"],
        "ActionsEnabled": ["True -> False"],
        "AlarmActions": [f"['{ARN}'] -> none"],
        "OKActions": [f"['{ARN}'] -> none"],
    }


def test_percentiles_low_samples_time_zones_and_warm_ups_are_changed() -> None:
    alarm = {name: value for name, value in ALARM.items() if name not in ("Statistic", "Unit")}
    alarm |= {
        "ExtendedStatistic": "p90",
        "EvaluateLowSampleCountPercentile": "ignore",
        "EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Madrid"}},
        "WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 10},
    }
    found = changes(DefinitionKind.METRIC_ALARM, alarm)
    assert found["ExtendedStatistic"] == [f"p90 -> {each}" for each in ("p50", "p99", "p99.9", "p89", "p91", "p95")]
    assert found["EvaluateLowSampleCountPercentile"] == ["ignore -> evaluate"]
    zone = "EvaluationWindow.WallClockWindow.Timezone"
    assert found[zone] == [f"Europe/Madrid -> {each}" for each in ("UTC", "America/New_York", "Asia/Tokyo")]
    assert len(found["EvaluationWindow"]) == len(found["WarmUpConfiguration"]) == 1
    assert found["WarmUpConfiguration.WarmUpPeriodDurationInMinutes"] == [f"10 -> {each}" for each in (5, 9, 11, 20)]
    assert found["WarmUpConfiguration.OnlyStartEvaluatingAfterWarmUpPeriodEnds"] == ["False -> True"]
    assert found["Unit"] == ["none -> Seconds"]


def test_each_number_operator_id_and_part_of_an_expression_is_changed() -> None:
    assert changed_expressions("IF(m >= 5 && -n < 2, n, 0)", "m", "n") >= {
        *(f"IF(m >= {other} && -n < 2, n, 0)" for other in ("2.5", "4", "6", "10")),
        *(f"IF(m {other} 5 && -n < 2, n, 0)" for other in ("<", "<=", ">", "==", "!=")),
        "IF(m >= 5 OR -n < 2, n, 0)",
        "IF(m >= 5 && n < 2, n, 0)",
        "IF(n >= 5 && -n < 2, n, 0)",
        "IF(m >= 5 && -m < 2, n, 0)",
        "IF(m >= 5 && -n < 2, m, 0)",
        "IF(m >= 5 && -n < 2, n, 1)",
        "IF(m >= 5 AND -n < 2, 0, n)",
        "IF(m >= 5, n, 0)",
        "IF(-n < 2, n, 0)",
        "m >= 5 AND -n < 2",
        "n",
    }
    assert changed_expressions("FILL(m, REPEAT) - MAX([m, n]) / 2", "m", "n") >= {
        *(f"FILL(m, {other}) - MAX([m, n]) / 2" for other in ("LINEAR", "0")),
        *(f"FILL(m, REPEAT) - {other}([m, n]) / 2" for other in ("AVG", "MIN", "SUM", "STDDEV")),
        "FILL(m, REPEAT) + MAX([m, n]) / 2",
        "FILL(m, REPEAT) - MAX([m, n]) * 2",
        "m - MAX([m, n]) / 2",
        "FILL(m, REPEAT)",
    }


def test_each_part_of_a_metrics_insights_query_is_changed() -> None:
    condition, groups, order, limit = "WHERE d = 'x'", "GROUP BY e", "ORDER BY MAX() DESC", "LIMIT 4"
    found = changed_expressions(" ".join(("SELECT MAX(m) FROM n", condition, groups, order, limit)))
    assert {each.replace(f"{groups} {order} {limit}", "…") for each in found} >= {
        *("SELECT AVG(m) FROM n WHERE d = 'x' …", "SELECT COUNT(m) FROM n WHERE d = 'x' …"),
        *("SELECT MIN(m) FROM n WHERE d = 'x' …", "SELECT SUM(m) FROM n WHERE d = 'x' …"),
        *("SELECT MAX(m) FROM n WHERE d = 'x-other' …", "SELECT MAX(m) FROM n WHERE d != 'x' …"),
        *("SELECT MAX(m) FROM n …", "SELECT MAX(m) FROM n WHERE d = 'x' GROUP BY e ORDER BY MAX() ASC LIMIT 4"),
        "SELECT MAX(m) FROM n WHERE d = 'x' GROUP BY e ORDER BY MAX() DESC",
        "SELECT MAX(m) FROM n WHERE d = 'x' GROUP BY e ORDER BY MAX() DESC LIMIT 5",
    }
    assert any("GROUP BY" not in each for each in found)


def test_each_part_of_a_composite_is_changed() -> None:
    rule = {"AlarmName": "c", "AlarmRule": 'ALARM(a) AND NOT OK("b") OR AT_LEAST(2, ALARM, (a, b, d))'}
    suppressor = {
        **{"ActionsSuppressor": "s", "ActionsSuppressorWaitPeriod": 60, "ActionsSuppressorExtensionPeriod": 0},
        "AlarmActions": [ARN],
    }
    found = changes(DefinitionKind.COMPOSITE_ALARM, {**rule, **suppressor})
    counted = 'AT_LEAST(2, ALARM, ("a", "b", "d"))'
    assert sorted(found.pop("AlarmRule")) == sorted(
        [
            *(f'ALARM("a") -> {each}' for each in ('OK("a")', 'INSUFFICIENT_DATA("a")', "TRUE", "FALSE")),
            *(f'OK("b") -> {each}' for each in ('ALARM("b")', 'INSUFFICIENT_DATA("b")', "TRUE", "FALSE")),
            *('ALARM("a") -> NOT ALARM("a")', 'OK("b") -> NOT OK("b")', "NOT -> none"),
            *("AND -> OR", "OR -> AND", "AND -> NOT (… AND …)", "OR -> NOT (… OR …)"),
            *(f"{counted} -> {counted.replace('2', count)}" for count in ("1", "3")),
            *(f"{counted} -> {counted.replace('ALARM', each)}" for each in ("OK", "INSUFFICIENT_DATA", "NOT ALARM")),
            *(f'{counted} -> AT_LEAST(2, ALARM, ("{x}", "{y}"))' for x, y in ("ab", "ad", "bd")),
            *(f"{counted} -> {each}" for each in ("TRUE", "FALSE")),
        ]
    )
    assert found == {
        "ActionsSuppressor": ["s -> none"],
        "ActionsSuppressorWaitPeriod": ["60 -> 0", "60 -> 30", "60 -> 120"],
        "ActionsSuppressorExtensionPeriod": ["0 -> 60"],
        "ActionsEnabled": ["True -> False"],
        "AlarmActions": [f"['{ARN}'] -> none"],
    }


def test_each_part_of_a_mute_rule_is_changed() -> None:
    schedule = {"Expression": "cron(30 2 * * SUN)", "Duration": "PT4H", "Timezone": "Europe/Madrid"}
    rule = {"Name": "m", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a", "b"]}}
    found = changes(DefinitionKind.MUTE_RULE, rule)
    fields = ("* 2 * * SUN", "29 2 * * SUN", "31 2 * * SUN", "30 * * * SUN", "30 1 * * SUN", "30 3 * * SUN")
    days = ("30 2 1 * SUN", "30 2 * 1 SUN", "30 2 * * *", "30 2 * * 1")
    assert found["Rule.Schedule.Expression"] == [f"cron(30 2 * * SUN) -> cron({each})" for each in (*fields, *days)]
    assert found["Rule.Schedule.Duration"] == [f"PT4H -> PT{minutes}M" for minutes in (120, 239, 241, 480)]
    assert found["Rule.Schedule.Timezone"][0] == "Europe/Madrid -> UTC"
    assert found["MuteTargets.AlarmNames[0]"] == ["a -> none"]
    at = {"Schedule": {"Expression": "at(2026-03-01T00:00)", "Duration": "PT4H"}}
    once = changes(DefinitionKind.MUTE_RULE, {**rule, "Rule": at, "StartDate": "2026-01-01T00:00:00"})
    assert "at(2026-03-01T00:00) -> at(2026-02-28T23:00)" in once["Rule.Schedule.Expression"]
    assert once["StartDate"] == ["2026-01-01T00:00:00 -> none"]


POLICY: Json = {"PolicyName": "p", "AutoScalingGroupName": "g"}
TRACKING: Json = {
    **{**POLICY, "PolicyType": "TargetTrackingScaling", "EstimatedInstanceWarmup": 120},
    "TargetTrackingConfiguration": {
        "TargetValue": 50,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
    },
}
STEP: Json = {
    **{**POLICY, "PolicyType": "StepScaling", "AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2},
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 20},
    ],
}
SIMPLE: Json = {**POLICY, "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, "Cooldown": 300}
RUNS_IT = definition(DefinitionKind.METRIC_ALARM, {**ALARM, "AlarmActions": ["${policy:p}"]})


@pytest.mark.parametrize(
    ("policy", "keys"),
    [
        (
            TRACKING,
            {
                "Enabled": 1,
                "EstimatedInstanceWarmup": 4,
                "TargetTrackingConfiguration.TargetValue": 4,
                "TargetTrackingConfiguration.DisableScaleIn": 1,
                "TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType": 2,
            },
        ),
        (
            STEP,
            {
                "Enabled": 1,
                "AdjustmentType": 0,  # refused together with MinAdjustmentMagnitude
                "MinAdjustmentMagnitude": 3,
                "StepAdjustments[0].ScalingAdjustment": 5,
                "StepAdjustments[1].ScalingAdjustment": 5,
                "StepAdjustments[0].MetricIntervalLowerBound": 2,
                "StepAdjustments[0].MetricIntervalUpperBound, StepAdjustments[1].MetricIntervalLowerBound": 4,
            },
        ),
        (SIMPLE, {"Enabled": 1, "AdjustmentType": 2, "ScalingAdjustment": 3, "Cooldown": 5}),
    ],
    ids=["target tracking", "steps", "simple"],
)
def test_each_part_of_a_scaling_policy_is_changed(policy: Json, keys: dict[str, int]) -> None:
    found = changes(DefinitionKind.SCALING_POLICY, policy, RUNS_IT)
    assert {key: len(texts) for key, texts in found.items()} == {key: count for key, count in keys.items() if count}


def test_the_unit_in_which_a_metric_is_published_is_no_change() -> None:
    plain = {name: value for name, value in ALARM.items() if name != "Unit"}
    published = definition(DefinitionKind.METRIC_ALARM, plain, {"Errors": "Seconds"})
    units = [m.change.text for m in mutants_of(published, []) if m.change.key == "Unit"]
    assert units == ["none -> Count"]


def test_a_definition_that_only_cloudwatch_can_evaluate_has_no_mutants() -> None:
    alarm = {"AlarmName": "q", "EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}, "EvaluationInterval": 60}
    assert changes(DefinitionKind.METRIC_ALARM, alarm) == {}
