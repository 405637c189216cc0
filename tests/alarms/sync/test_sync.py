"""Against the emulator, and behind a layer that refuses what AWS refuses (tests/alarms/sync/strict_aws.py)."""

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

from alarms.options import EXAMPLE
from alarms.sync import __main__ as sync
from alarms.sync import account as live
from local.system.aws_emulator import REGION, AwsEmulator
from showcase.settings import child_environment
from tests.alarms.sync.strict_aws import StrictAws, refused

RUN_SECONDS = 120
ANY_RATE = 1e6


@dataclass
class Shop:
    """An account with an Auto Scaling group of our own, and a prefix of our own."""

    aws: StrictAws
    prefix: str
    variables: Path
    state: Path
    emulator: AwsEmulator
    capsys: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        self.cloudwatch = boto3.client("cloudwatch", region_name=REGION)

    def sync(self, *arguments: str) -> tuple[int, str]:
        """(exit code, what was printed)"""
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
        """An alarm that somebody else made."""
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Theirs",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )


@pytest.fixture
def shop(
    emulator: AwsEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    for pace in ("ALARM_WRITES_PER_SECOND", "DASHBOARD_WRITES_PER_SECOND", "READS_PER_SECOND"):
        monkeypatch.setattr(live, pace, ANY_RATE)
    prefix = f"t{uuid.uuid4().hex[:8]}"
    variables = tmp_path / "variables.json"
    group = f"{prefix}-group"
    values = {**json.loads(EXAMPLE.read_text()), "PREFIX": prefix, "AUTO_SCALING_GROUP": group, "REGION": REGION}
    variables.write_text(json.dumps(values))
    make_group(emulator, group)
    aws = StrictAws(tmp_path / "strict.json")
    aws.install()
    yield Shop(aws, prefix, variables, tmp_path / "strict.json", emulator, capsys)
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


def test_the_first_run_creates_everything_and_the_second_makes_no_call_that_writes(shop: Shop) -> None:
    code, output = shop.sync()
    assert code == 0, output
    assert "34 to create, 0 to update, 0 to delete." in output
    code, output = shop.sync()
    assert (code, shop.aws.writes) == (0, [])
    assert "Nothing to do." in output
    assert shop.sync("--check")[0] == 0


def test_writes_of_alarms_keep_the_pace(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ALARM_WRITES_PER_SECOND", 10)
    begun = time.monotonic()
    code, output = shop.sync()
    assert code == 0, output
    alarms = [write for write in shop.aws.writes if write.endswith("Alarm")]
    assert len(alarms) > 20
    assert time.monotonic() - begun >= (len(alarms) - 1) / 10


def test_a_write_that_is_throttled_is_tried_again(shop: Shop) -> None:
    shop.aws.throttle_next = 3
    code, output = shop.sync()
    assert (code, shop.aws.throttle_next) == (0, 0), output


def test_step_alarms_act_by_the_policies_that_the_same_run_made(shop: Shop) -> None:
    assert shop.sync()[0] == 0
    (action,) = shop.alarm("worker-scale-up")["AlarmActions"]
    assert action.startswith("arn:aws:autoscaling:") and action.endswith(f"policyName/{shop.prefix}-worker-scale-up")


def test_drift_is_shown_field_by_field_told_by_the_exit_code_and_mended(shop: Shop) -> None:
    code, output = shop.sync()
    assert code == 0, output
    changed = shop.alarm("dead-letters")
    members = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
    kept = {key: changed[key] for key in (*members, "ComparisonOperator", "TreatMissingData", "AlarmDescription")}
    shop.cloudwatch.put_metric_alarm(**kept, Threshold=100.0)
    code, output = shop.sync("--check")
    assert (code, shop.aws.writes) == (2, [])
    assert "Threshold: 100.0 → 1" in output
    code, output = shop.sync()
    assert (code, shop.aws.writes) == (0, ["PutMetricAlarm"])
    assert shop.alarm("dead-letters")["Threshold"] == 1


def test_a_lost_tag_of_an_unchanged_alarm_is_set_by_tag_resource_alone(shop: Shop) -> None:
    assert shop.sync()[0] == 0
    shop.aws.tags[f"alarm:{shop.prefix}-dead-letters"] = {}
    code, output = shop.sync()
    assert (code, shop.aws.writes) == (0, ["TagResource"]), output
    assert shop.aws.tags[f"alarm:{shop.prefix}-dead-letters"] == {"managed-by": f"anb-showcase/{shop.prefix}"}


def test_a_plan_writes_nothing(shop: Shop) -> None:
    code, output = shop.sync("--plan")
    assert (code, shop.aws.writes, shop.names()) == (0, [], set())
    assert f"+ composite alarm {shop.prefix}-workers-down" in output


def test_only_what_is_ours_and_defined_no_more_is_pruned_and_only_when_asked(shop: Shop) -> None:
    owner = {"managed-by": f"anb-showcase/{shop.prefix}"}
    shop.put_foreign(f"{shop.prefix}-ours-of-old", **owner)
    shop.put_foreign(f"{shop.prefix}-of-somebody-else")
    shop.put_foreign(f"TargetTracking-{shop.prefix}", **owner)
    assert shop.sync()[0] == 0
    assert f"{shop.prefix}-ours-of-old" in shop.names(), "nobody asked to prune"
    code, output = shop.sync("--prune")
    assert (code, shop.aws.writes) == (0, ["DeleteAlarms"]), output
    assert f"{shop.prefix}-ours-of-old" not in shop.names()
    assert f"{shop.prefix}-of-somebody-else" in shop.names()
    left = shop.cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"]
    assert f"TargetTracking-{shop.prefix}" in {alarm["AlarmName"] for alarm in left}


def test_composites_that_name_each_other_are_pruned_before_their_children(shop: Shop) -> None:
    old = old_cycle(shop)
    code, output = shop.sync("--prune")
    assert code == 0, output
    assert not old & shop.names()


def old_cycle(shop: Shop) -> set[str]:
    """Two composites of ours that name each other and an alarm; none of the three is defined any more."""
    owner = [{"Key": "managed-by", "Value": f"anb-showcase/{shop.prefix}"}]
    child, one, other = (f"{shop.prefix}-{name}" for name in ("old-child", "old-one", "old-other"))
    shop.put_foreign(child, **{"managed-by": owner[0]["Value"]})
    shop.cloudwatch.put_composite_alarm(AlarmName=one, AlarmRule=f'ALARM("{child}")', Tags=owner)
    shop.cloudwatch.put_composite_alarm(AlarmName=other, AlarmRule=f'ALARM("{one}") OR ALARM("{child}")', Tags=owner)
    shop.cloudwatch.put_composite_alarm(AlarmName=one, AlarmRule=f'ALARM("{other}") OR ALARM("{child}")')
    return {child, one, other}


def test_an_alarm_of_somebody_else_that_has_our_name_stops_everything(shop: Shop) -> None:
    shop.put_foreign(f"{shop.prefix}-dead-letters")
    code, output = shop.sync()
    assert (code, shop.aws.writes) == (1, [])
    assert f"metric alarm {shop.prefix}-dead-letters exists and is not ours" in output
    assert shop.alarm("dead-letters")["Namespace"] == "Theirs"


def test_a_dashboard_that_was_edited_by_hand_is_brought_back(shop: Shop) -> None:
    assert shop.sync()[0] == 0
    name = f"{shop.prefix}-main"
    body = json.loads(shop.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    body["widgets"][2]["properties"]["title"] = "edited by hand"
    shop.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body))
    code, output = shop.sync()
    assert (code, shop.aws.writes) == (0, ["PutDashboard"])
    assert "DashboardBody.widgets[2].properties.title" in output


def test_a_failure_in_the_middle_says_what_was_applied_and_the_next_run_does_the_rest(shop: Shop) -> None:
    writes = iter(range(100))

    def fail_at_the_tenth(_operation: str) -> None:
        if next(writes) == 9:
            raise refused("PutMetricAlarm", "AccessDenied", "not allowed")

    shop.aws.before_write = fail_at_the_tenth
    document = shop.document()
    assert (document["code"], len(document["applied"])) == (1, 9)
    assert "AccessDenied" in document["error"]
    shop.aws.before_write = lambda _operation: None
    document = shop.document()
    assert (document["code"], len(document["applied"]), document["error"]) == (0, 25, None)


def test_remarks_about_a_dashboard_are_printed_and_fail_a_strict_run(shop: Shop) -> None:
    def remark(parsed: dict[str, Any], **_: Any) -> None:
        parsed["DashboardValidationMessages"] = [{"DataPath": "/widgets/0", "Message": "Should be prettier"}]

    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("after-call.cloudwatch.PutDashboard", remark)
    code, output = shop.sync("--strict")
    assert code == 1
    assert "/widgets/0: Should be prettier" in output


@pytest.mark.timeout(600)
def test_a_run_that_is_killed_between_any_two_calls_is_finished_by_the_next(shop: Shop) -> None:
    assert kills_until_done(shop) >= 10
    assert len(shop.names()) == 8


@pytest.mark.timeout(600)
def test_a_run_that_mends_and_prunes_is_finished_by_the_next_after_a_kill_between_any_two_calls(shop: Shop) -> None:
    assert run_process(shop, writes=-1) == 0
    shop.aws.load()
    as_it_should_be = {stem: shop.alarm(stem) for stem in ("queue-depth-high", "oldest-message-age")}
    drift(shop)
    old_cycle(shop)
    assert kills_until_done(shop, "--prune") >= 8
    assert len(shop.names()) == 8
    for stem, alarm in as_it_should_be.items():
        assert shop.alarm(stem)["Threshold"] == alarm["Threshold"]
    assert shop.aws.tags[f"alarm:{shop.prefix}-fleet-at-maximum"] == {"managed-by": f"anb-showcase/{shop.prefix}"}


def drift(shop: Shop) -> None:
    """Somebody changed alarms, a composite and a dashboard by hand, and took a tag away."""
    members = {"AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods"}
    for stem in ("queue-depth-high", "oldest-message-age"):
        alarm = shop.alarm(stem)
        kept = {key: value for key, value in alarm.items() if key in members | {"ComparisonOperator"}}
        shop.cloudwatch.put_metric_alarm(**kept, Threshold=1e6)
    shop.cloudwatch.put_composite_alarm(AlarmName=f"{shop.prefix}-workers-down", AlarmRule="FALSE")
    shop.cloudwatch.put_dashboard(DashboardName=f"{shop.prefix}-api", DashboardBody='{"widgets": []}')
    shop.aws.tags[f"alarm:{shop.prefix}-fleet-at-maximum"] = {}


def kills_until_done(shop: Shop, *arguments: str) -> int:
    """Each process may make one more call that writes than is left undone: it is killed before the next."""
    runs = 0
    while run_process(shop, writes=1, arguments=arguments) == -9:
        runs += 1
        assert runs < 40
    assert run_process(shop, writes=0, arguments=arguments) == 0, "nothing is left to do"
    assert run_process(shop, writes=0, arguments=["--check"]) == 0
    shop.aws.load()
    return runs


def run_process(shop: Shop, *, writes: int, arguments: Sequence[str] = ()) -> int:
    """The exit code; -9 is killed."""
    command = [sys.executable, "-m", "tests.alarms.sync.sync_process", str(shop.state), str(writes)]
    environment = child_environment(
        {"AWS_ENDPOINT_URL": shop.emulator.url, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    )
    arguments = ["--variables", str(shop.variables), *arguments]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, check=False, timeout=RUN_SECONDS
    ).returncode
