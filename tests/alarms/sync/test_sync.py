"""``alarms.sync`` on the emulator, behind a layer that refuses as AWS does (tests/alarms/sync/strict_aws.py)."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from alarms.check import __main__ as check
from alarms.options import EXAMPLE
from alarms.sync import __main__ as sync
from local.system.aws_emulator import REGION, AwsEmulator
from showcase.settings import child_environment
from tests.alarms.sync.strict_aws import StrictAws, refused

RUN_SECONDS = 120
ANY_RATE = 1e6


@dataclass
class EmulatedAccount:
    """An account in the emulator, with a prefix and an Auto Scaling group of its own."""

    aws: StrictAws
    prefix: str
    variables: Path
    state: Path
    emulator: AwsEmulator
    capsys: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        self.cloudwatch = boto3.client("cloudwatch", region_name=REGION)

    def sync(self, *arguments: str) -> tuple[int, str]:
        """(exit code, output)"""
        self.aws.writes.clear()
        code = sync.main(["--variables", str(self.variables), *arguments])
        captured = self.capsys.readouterr()
        return code, captured.out + captured.err

    def document(self, *arguments: str) -> dict[str, Any]:
        code = sync.main(["--variables", str(self.variables), "--json", *arguments])
        document: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return {**document, "code": code}

    def alarm(self, stem: str) -> dict[str, Any]:
        answer = self.cloudwatch.describe_alarms(AlarmNames=[f"{self.prefix}-{stem}"])
        found: list[dict[str, Any]] = answer["MetricAlarms"]
        return found[0] if found else {}

    def names(self) -> set[str]:
        answer = self.cloudwatch.describe_alarms(
            AlarmTypes=["MetricAlarm", "CompositeAlarm"], AlarmNamePrefix=self.prefix
        )
        return {alarm["AlarmName"] for alarm in [*answer["MetricAlarms"], *answer["CompositeAlarms"]]}

    def put_foreign(self, name: str, **tags: str) -> None:
        """Put an alarm that another program has made."""
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Foreign",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )


@pytest.fixture
def account(
    emulator: AwsEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[EmulatedAccount]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    for pace in ("ALARM_WRITES_PER_SECOND", "DASHBOARD_WRITES_PER_SECOND", "READS_PER_SECOND"):
        monkeypatch.setattr(f"alarms.sync.account.{pace}", ANY_RATE)
    prefix = f"t{uuid.uuid4().hex[:8]}"
    variables = tmp_path / "variables.json"
    group = f"{prefix}-group"
    values = {**json.loads(EXAMPLE.read_text()), "PREFIX": prefix, "AUTO_SCALING_GROUP": group, "REGION": REGION}
    variables.write_text(json.dumps(values))
    make_group(emulator, group)
    aws = StrictAws(tmp_path / "strict.json")
    aws.install()
    yield EmulatedAccount(aws, prefix, variables, tmp_path / "strict.json", emulator, capsys)
    aws.remove()


def make_group(emulator: AwsEmulator, group: str) -> None:
    client = boto3.client("autoscaling", endpoint_url=emulator.url, region_name=REGION)
    client.create_launch_configuration(LaunchConfigurationName=group, ImageId="ami-12345678", InstanceType="t3.small")
    client.create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchConfigurationName=group,
        MinSize=1,
        MaxSize=3,
        AvailabilityZones=[f"{REGION}a"],
    )


def test_the_first_run_creates_everything_and_the_second_makes_no_call_that_writes(account: EmulatedAccount) -> None:
    code, output = account.sync()
    assert code == 0, output
    assert "66 to create, 0 to update, 0 to delete." in output
    code, output = account.sync()
    assert (code, account.aws.writes) == (0, [])
    assert "Nothing to do." in output
    assert account.sync("--check")[0] == 0


def test_writes_of_alarms_are_paced(account: EmulatedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alarms.sync.account.ALARM_WRITES_PER_SECOND", 10)
    begun = time.monotonic()
    code, output = account.sync()
    assert code == 0, output
    alarms = [write for write in account.aws.writes if write.endswith("Alarm")]
    assert len(alarms) > 20
    assert time.monotonic() - begun >= (len(alarms) - 1) / 10


def test_a_throttled_write_is_retried(account: EmulatedAccount) -> None:
    account.aws.throttle_next = 3
    code, output = account.sync()
    assert (code, account.aws.throttle_next) == (0, 0), output


def test_step_alarms_have_the_policies_of_the_same_run_as_actions(account: EmulatedAccount) -> None:
    assert account.sync()[0] == 0
    (action,) = account.alarm("worker-scale-up")["AlarmActions"]
    assert action.startswith("arn:aws:autoscaling:") and action.endswith(f"policyName/{account.prefix}-worker-scale-up")


def test_drift_is_printed_field_by_field_exits_with_2_and_is_repaired(account: EmulatedAccount) -> None:
    code, output = account.sync()
    assert code == 0, output
    changed = account.alarm("dead-letters")
    members = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
    kept = {key: changed[key] for key in (*members, "ComparisonOperator", "TreatMissingData", "AlarmDescription")}
    account.cloudwatch.put_metric_alarm(**kept, Threshold=100.0)
    code, output = account.sync("--check")
    assert (code, account.aws.writes) == (2, [])
    assert "Threshold: 100.0 → 1" in output
    code, output = account.sync()
    assert (code, account.aws.writes) == (0, ["PutMetricAlarm"])
    assert account.alarm("dead-letters")["Threshold"] == 1


def test_a_lost_tag_of_an_unchanged_alarm_is_set_without_putting_the_alarm(account: EmulatedAccount) -> None:
    assert account.sync()[0] == 0
    account.aws.tags[f"alarm:{account.prefix}-dead-letters"] = {}
    code, output = account.sync()
    assert (code, account.aws.writes) == (0, ["TagResource"]), output
    assert account.aws.tags[f"alarm:{account.prefix}-dead-letters"] == {"managed-by": f"anb-showcase/{account.prefix}"}


def test_a_remark_does_not_stop_the_sync(
    account: EmulatedAccount, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = {"Metric": {"Namespace": "Shop", "MetricName": "Orders"}, "Stat": "Sum", "Period": 60}
    queries = [
        {"Id": "orders", "MetricStat": metric, "ReturnData": False},
        {"Id": "filled", "Expression": "FILL(orders, 0)"},
    ]
    compared = {"Threshold": 1, "ComparisonOperator": "LessThanThreshold", "EvaluationPeriods": 1}
    path = tmp_path / "alarm.json"
    path.write_text(json.dumps({"AlarmName": f"{account.prefix}-no-orders", "Metrics": queries, **compared}))
    asked = ("--definitions", str(path), "--variables", str(account.variables))
    assert check.main(asked) == 0
    assert "remark(s)" in capsys.readouterr().out
    assert account.sync("--definitions", str(path))[0] == 0
    assert account.aws.writes == ["PutMetricAlarm"]


def test_a_plan_writes_nothing(account: EmulatedAccount) -> None:
    code, output = account.sync("--plan")
    assert (code, account.aws.writes, account.names()) == (0, [], set())
    assert f"+ composite alarm {account.prefix}-workers-down" in output


def test_only_managed_objects_without_a_definition_are_pruned_and_only_on_request(account: EmulatedAccount) -> None:
    owner = {"managed-by": f"anb-showcase/{account.prefix}"}
    account.put_foreign(f"{account.prefix}-managed-and-old", **owner)
    account.put_foreign(f"{account.prefix}-foreign")
    account.put_foreign(f"TargetTracking-{account.prefix}", **owner)
    assert account.sync()[0] == 0
    assert f"{account.prefix}-managed-and-old" in account.names(), "without --prune it is kept"
    code, output = account.sync("--prune")
    assert (code, account.aws.writes) == (0, ["DeleteAlarms"]), output
    assert f"{account.prefix}-managed-and-old" not in account.names()
    assert f"{account.prefix}-foreign" in account.names()
    left = account.cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"]
    assert f"TargetTracking-{account.prefix}" in {alarm["AlarmName"] for alarm in left}


def test_composites_that_name_each_other_are_pruned_before_their_children(account: EmulatedAccount) -> None:
    old = old_cycle(account)
    code, output = account.sync("--prune")
    assert code == 0, output
    assert not old & account.names()


def old_cycle(account: EmulatedAccount) -> set[str]:
    """Put two managed composites that name each other and an alarm; none of the three has a definition."""
    owner = [{"Key": "managed-by", "Value": f"anb-showcase/{account.prefix}"}]
    child, one, other = (f"{account.prefix}-{name}" for name in ("old-child", "old-one", "old-other"))
    account.put_foreign(child, **{"managed-by": owner[0]["Value"]})
    account.cloudwatch.put_composite_alarm(AlarmName=one, AlarmRule=f'ALARM("{child}")', Tags=owner)
    account.cloudwatch.put_composite_alarm(AlarmName=other, AlarmRule=f'ALARM("{one}") OR ALARM("{child}")', Tags=owner)
    account.cloudwatch.put_composite_alarm(AlarmName=one, AlarmRule=f'ALARM("{other}") OR ALARM("{child}")')
    return {child, one, other}


OTHER_KINDS = {
    "alarm.json": {
        "why": {},
        "put_metric_alarm": {
            **{"AlarmName": "${PREFIX}-errors", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum"},
            **{"Period": 60, "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"},
        },
    },
    "log-alarm.json": {
        "why": {},
        "put_log_alarm": {
            "AlarmName": "${PREFIX}-log-errors",
            "ScheduledQueryConfiguration": {
                "QueryString": "filter level = 'ERROR'",
                "LogGroupIdentifiers": ["anb"],
                "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/queries",
                "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
                "AggregationExpression": "count(*)",
            },
            **{"QueryResultsToEvaluate": 3, "QueryResultsToAlarm": 2, "Threshold": 5},
            "ComparisonOperator": "GreaterThanThreshold",
        },
    },
    "maintenance.json": {
        "why": {},
        "put_alarm_mute_rule": {
            "Name": "${PREFIX}-maintenance",
            "Rule": {"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT2H", "Timezone": "America/Bogota"}},
            "MuteTargets": {"AlarmNames": ["${PREFIX}-log-errors", "${PREFIX}-errors"]},
            "ExpireDate": "2027-01-01T00:00:00Z",
        },
    },
}


def test_log_alarms_and_mute_rules_are_made_kept_repaired_and_pruned(account: EmulatedAccount, tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    folder.mkdir()
    for name, document in OTHER_KINDS.items():
        (folder / name).write_text(json.dumps(document))
    asked = ("--definitions", str(folder))
    code, output = account.sync(*asked)
    assert (code, account.aws.writes) == (0, ["PutMetricAlarm", "PutLogAlarm", "PutAlarmMuteRule"]), output
    code, output = account.sync(*asked)
    assert (code, account.aws.writes) == (0, []), output
    rule = account.aws.mute_rules[f"{account.prefix}-maintenance"]
    rule["Rule"]["Schedule"]["Duration"] = "PT9H"
    code, output = account.sync(*asked, "--check")
    assert (code, account.aws.writes) == (2, [])
    assert 'Rule.Schedule.Duration: "PT9H" → "PT2H"' in output
    assert account.sync(*asked)[0] == 0
    assert account.aws.writes == ["PutAlarmMuteRule"]
    for name in ("log-alarm.json", "maintenance.json"):
        (folder / name).unlink()
    code, output = account.sync(*asked, "--prune")
    assert (code, account.aws.writes) == (0, ["DeleteAlarms", "DeleteAlarmMuteRule"]), output
    assert (account.aws.log_alarms, account.aws.mute_rules) == ({}, {})


LATENCY = {"Namespace": "Shop", "MetricName": "Latency", "Stat": "p90", "Dimensions": [{"Name": "A", "Value": "b"}]}
RATE = {
    "MetricDataQueries": [
        {
            "Id": "m",
            "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"},
        }
        | {"ReturnData": False},
        {"Id": "e", "Expression": "m * 100"},
    ]
}


@pytest.mark.parametrize(
    "detector",
    [{"SingleMetricAnomalyDetector": LATENCY}, LATENCY, {"MetricMathAnomalyDetector": RATE}],
    ids=["metric", "metric in the older form", "metric math"],
)
def test_anomaly_detectors_are_made_and_changed_and_never_pruned(
    account: EmulatedAccount, tmp_path: Path, detector: dict[str, Any]
) -> None:
    file = tmp_path / "detector.json"
    asked = ("--definitions", str(file))
    file.write_text(json.dumps({"why": {}, "put_anomaly_detector": detector}))
    code, output = account.sync(*asked)
    assert (code, account.aws.writes) == (0, ["PutAnomalyDetector"]), output
    assert account.sync(*asked, "--prune")[0] == 0
    assert account.aws.writes == []
    changed = {**detector, "Configuration": {"MetricTimezone": "America/Bogota"}}
    file.write_text(json.dumps({"why": {}, "put_anomaly_detector": changed}))
    code, output = account.sync(*asked)
    assert (code, account.aws.writes) == (0, ["PutAnomalyDetector"])
    assert 'Configuration.MetricTimezone: + "America/Bogota"' in output


def test_an_alarm_of_any_name_that_another_program_has_made_is_not_overwritten(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    account.put_foreign("checkout errors")
    theirs = {
        **{"AlarmName": "checkout errors", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum"},
        **{"Period": 60, "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"},
    }
    file = tmp_path / "alarm.json"
    file.write_text(json.dumps(theirs))
    code, output = account.sync("--definitions", str(file))
    assert (code, account.aws.writes) == (1, [])
    assert "metric alarm checkout errors exists and is not managed from here" in output


def test_with_a_catalogue_an_alarm_on_a_metric_that_does_not_exist_is_not_made(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    known = {"Namespace": "Shop", "MetricName": "Errors"}
    theirs = {
        **{**known, "AlarmName": "checkout errors", "MetricName": "Erors", "Statistic": "Sum", "Period": 60},
        **{"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"},
    }
    file, catalogue = tmp_path / "alarm.json", tmp_path / "catalogue.json"
    file.write_text(json.dumps(theirs))
    catalogue.write_text(json.dumps({"Metrics": [known]}))
    code, output = account.sync("--definitions", str(file), "--catalogue", str(catalogue))
    assert (code, account.aws.writes) == (2, [])
    assert "there is no metric Erors in the catalogue of Shop; near: Shop Errors {}" in output


def test_a_foreign_alarm_with_the_name_of_a_definition_stops_the_run(account: EmulatedAccount) -> None:
    account.put_foreign(f"{account.prefix}-dead-letters")
    code, output = account.sync()
    assert (code, account.aws.writes) == (1, [])
    assert f"metric alarm {account.prefix}-dead-letters exists and is not managed from here" in output
    assert account.alarm("dead-letters")["Namespace"] == "Foreign"


def test_a_dashboard_that_was_edited_by_hand_is_restored(account: EmulatedAccount) -> None:
    assert account.sync()[0] == 0
    name = f"{account.prefix}-main"
    body = json.loads(account.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    body["widgets"][2]["properties"]["title"] = "edited by hand"
    account.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body))
    code, output = account.sync()
    assert (code, account.aws.writes) == (0, ["PutDashboard"])
    assert "DashboardBody.widgets[2].properties.title" in output


def test_a_failed_run_reports_what_it_applied_and_the_next_run_does_the_rest(account: EmulatedAccount) -> None:
    writes = iter(range(100))

    def fail_at_the_tenth(_operation: str) -> None:
        if next(writes) == 9:
            raise refused("PutMetricAlarm", "AccessDenied", "not allowed")

    account.aws.before_write = fail_at_the_tenth
    document = account.document()
    assert (document["code"], len(document["applied"])) == (1, 9)
    assert "AccessDenied" in document["error"]
    account.aws.before_write = lambda _operation: None
    document = account.document()
    assert (document["code"], len(document["applied"]), document["error"]) == (0, 57, None)


def test_remarks_on_a_dashboard_are_printed_and_fail_a_strict_run(account: EmulatedAccount) -> None:
    def remark(parsed: dict[str, Any], **_: Any) -> None:
        parsed["DashboardValidationMessages"] = [{"DataPath": "/widgets/0", "Message": "Should be prettier"}]

    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("after-call.cloudwatch.PutDashboard", remark)
    code, output = account.sync("--strict")
    assert code == 1
    assert "/widgets/0: Should be prettier" in output


@pytest.mark.timeout(600)
def test_a_run_that_is_killed_between_any_two_calls_is_finished_by_the_next(account: EmulatedAccount) -> None:
    assert kills_until_done(account) >= 10
    assert len(account.names()) == 11


@pytest.mark.timeout(600)
def test_a_run_that_repairs_and_prunes_and_is_killed_between_any_two_calls_is_finished_by_the_next(
    account: EmulatedAccount,
) -> None:
    assert run_process(account, writes=-1) == 0
    account.aws.load()
    as_it_should_be = {stem: account.alarm(stem) for stem in ("queue-depth-high", "oldest-message-age")}
    drift(account)
    old_cycle(account)
    assert kills_until_done(account, "--prune") >= 8
    assert len(account.names()) == 11
    for stem, alarm in as_it_should_be.items():
        assert account.alarm(stem)["Threshold"] == alarm["Threshold"]
    assert account.aws.tags[f"alarm:{account.prefix}-backlog-metric-missing"] == {
        "managed-by": f"anb-showcase/{account.prefix}"
    }


def drift(account: EmulatedAccount) -> None:
    """Change alarms, a composite and a dashboard by hand, and remove a tag."""
    members = {"AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods"}
    for stem in ("queue-depth-high", "oldest-message-age"):
        alarm = account.alarm(stem)
        kept = {key: value for key, value in alarm.items() if key in members | {"ComparisonOperator"}}
        account.cloudwatch.put_metric_alarm(**kept, Threshold=1e6)
    account.cloudwatch.put_composite_alarm(AlarmName=f"{account.prefix}-workers-down", AlarmRule="FALSE")
    account.cloudwatch.put_dashboard(DashboardName=f"{account.prefix}-api", DashboardBody='{"widgets": []}')
    account.aws.tags[f"alarm:{account.prefix}-backlog-metric-missing"] = {}


def kills_until_done(account: EmulatedAccount, *arguments: str) -> int:
    """Run sync until it ends by itself. Each process is killed before its second writing call."""
    runs = 0
    while run_process(account, writes=1, arguments=arguments) == -9:
        runs += 1
        assert runs < 40
    assert run_process(account, writes=0, arguments=arguments) == 0, "no call is left to make"
    assert run_process(account, writes=0, arguments=["--check"]) == 0
    account.aws.load()
    return runs


def run_process(account: EmulatedAccount, *, writes: int, arguments: Sequence[str] = ()) -> int:
    """The exit code of one run; -9 if it was killed."""
    command = [sys.executable, "-m", "tests.alarms.sync.sync_process", str(account.state), str(writes)]
    environment = child_environment(
        {"AWS_ENDPOINT_URL": account.emulator.url, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    )
    arguments = ["--variables", str(account.variables), *arguments]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, check=False, timeout=RUN_SECONDS
    ).returncode
