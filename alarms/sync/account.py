"""The AWS account: only this module calls CloudWatch and Auto Scaling for ``alarms.sync``.

Calls are paced below the documented rates (PutMetricAlarm, PutCompositeAlarm and DeleteAlarms 3 a second, the
dashboards 10), and botocore retries throttled calls. IAM actions of CloudWatch to plan: DescribeAlarms,
DescribeAnomalyDetectors, ListAlarmMuteRules, GetAlarmMuteRule, ListDashboards, GetDashboard, ListTagsForResource; of
Auto Scaling DescribePolicies. To apply also PutMetricAlarm, PutLogAlarm, PutCompositeAlarm, DeleteAlarms,
PutAnomalyDetector, PutAlarmMuteRule, DeleteAlarmMuteRule, PutDashboard, DeleteDashboards, TagResource; of Auto Scaling
PutScalingPolicy.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from alarms.definition_files import ALARM_KINDS, Definition, DefinitionKind
from alarms.forms.described_form import DESCRIBED_ALARMS, put_members
from alarms.sync.plan import Change, ChangeKind, LiveObject
from cloudwatch.alarm.anomaly_detector import MATH, SINGLE, detector_identity

ALARM_WRITES_PER_SECOND = 2.5
DASHBOARD_WRITES_PER_SECOND = 8.0
READS_PER_SECOND = 8.0
ATTEMPTS = 8
ALARMS_A_PAGE = 100  # names in one DescribeAlarms
ARN_PARTS = 6  # arn:aws:cloudwatch:REGION:ACCOUNT:alarm-mute-rule:NAME
AWS_ERRORS = (BotoCoreError, ClientError)


class Pace:
    """Spaces calls evenly, at most ``per_second`` of them a second. A late call does not bring the next one forward."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap_seconds = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next_at = 0.0

    def wait(self) -> None:
        """Sleep until the next call is allowed."""
        early_by = self._next_at - self._clock()
        if early_by > 0:
            self._sleep(early_by)
        self._next_at = self._clock() + self._gap_seconds


class LiveAccount:
    """One region of one account. Every method raises the errors of botocore (``AWS_ERRORS``)."""

    def __init__(self, region: str) -> None:
        config = Config(region_name=region, retries={"mode": "standard", "max_attempts": ATTEMPTS})
        self._cloudwatch = boto3.client("cloudwatch", config=config)
        self._autoscaling = boto3.client("autoscaling", config=config)
        self._alarm_writes = Pace(ALARM_WRITES_PER_SECOND)
        self._dashboard_writes = Pace(DASHBOARD_WRITES_PER_SECOND)
        self._reads = Pace(READS_PER_SECOND)

    def read(self, definitions: Sequence[Definition], prefix: str) -> list[LiveObject]:
        """The objects with this prefix, and those with the names of the definitions.

        All scaling policies of the groups that the definitions name are read.
        """
        groups = {d.parameters["AutoScalingGroupName"] for d in definitions if d.kind is DefinitionKind.SCALING_POLICY}
        detectors = [d for d in definitions if d.kind is DefinitionKind.ANOMALY_DETECTOR]
        others = [d for d in definitions if not d.name.startswith(f"{prefix}-")]
        return [
            *self._alarms(AlarmNamePrefix=f"{prefix}-"),
            *self._alarms_named([d.name for d in others if d.kind in ALARM_KINDS]),
            *(found for wanted in detectors for found in self._detector(wanted)),
            *self._mute_rules(prefix, [d.name for d in others if d.kind is DefinitionKind.MUTE_RULE]),
            *self._dashboards(prefix, [d.name for d in others if d.kind is DefinitionKind.DASHBOARD]),
            *(policy for group in groups for policy in self._policies(group)),
        ]

    def _alarms_named(self, names: Sequence[str]) -> Iterator[LiveObject]:
        for index in range(0, len(names), ALARMS_A_PAGE):
            yield from self._alarms(AlarmNames=names[index : index + ALARMS_A_PAGE])

    def _alarms(self, **asked: Any) -> Iterator[LiveObject]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmTypes=["MetricAlarm", "CompositeAlarm", "LogAlarm"], **asked
        )
        for page in pages:
            for member, kind in DESCRIBED_ALARMS.items():
                for alarm in page.get(member, []):
                    arn = alarm["AlarmArn"]
                    yield LiveObject(kind, alarm["AlarmName"], arn, put_members(kind, alarm), self._tags(arn))

    def _detector(self, wanted: Definition) -> Iterator[LiveObject]:
        """The detector in the account that watches the same metric as the wanted one, if there is one."""
        single = wanted.parameters.get(SINGLE) or wanted.parameters
        asked: dict[str, Any] = {"AnomalyDetectorTypes": ["METRIC_MATH"]}
        if not wanted.parameters.get(MATH):
            asked = {name: single[name] for name in ("Namespace", "MetricName", "Dimensions") if single.get(name)}
        for page in self._cloudwatch.get_paginator("describe_anomaly_detectors").paginate(**asked):
            for detector in page["AnomalyDetectors"]:
                members = put_members(wanted.kind, detector)
                if detector_identity(members) == wanted.name:
                    yield LiveObject(wanted.kind, wanted.name, "", members)

    def _mute_rules(self, prefix: str, names: Collection[str]) -> Iterator[LiveObject]:
        """ListAlarmMuteRules has no prefix, and its summaries have no names: an ARN ends with the name."""
        kind = DefinitionKind.MUTE_RULE
        for page in self._cloudwatch.get_paginator("list_alarm_mute_rules").paginate():
            for summary in page.get("AlarmMuteRuleSummaries", []):
                arn = summary["AlarmMuteRuleArn"]
                name = arn.split(":", ARN_PARTS)[ARN_PARTS]
                if name.startswith(f"{prefix}-") or name in names:
                    self._reads.wait()
                    rule = self._cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=name)
                    yield LiveObject(kind, name, arn, put_members(kind, rule), self._tags(arn))

    def _dashboards(self, prefix: str, names: Collection[str]) -> Iterator[LiveObject]:
        with_prefix = self._dashboard_names(f"{prefix}-")
        named = (each for name in names for each in self._dashboard_names(name) if each == name)
        for name in chain(with_prefix, named):
            self._reads.wait()
            dashboard = self._cloudwatch.get_dashboard(DashboardName=name)
            arn = dashboard["DashboardArn"]
            body = {"DashboardName": name, "DashboardBody": dashboard["DashboardBody"]}
            yield LiveObject(DefinitionKind.DASHBOARD, name, arn, body, self._tags(arn))

    def _dashboard_names(self, prefix: str) -> Iterator[str]:
        for page in self._cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix=prefix):
            yield from (entry["DashboardName"] for entry in page["DashboardEntries"])

    def _policies(self, group: str) -> Iterator[LiveObject]:
        pages = self._autoscaling.get_paginator("describe_policies").paginate(AutoScalingGroupName=group)
        for page in pages:
            for policy in page["ScalingPolicies"]:
                members = put_members(DefinitionKind.SCALING_POLICY, policy)
                yield LiveObject(DefinitionKind.SCALING_POLICY, policy["PolicyName"], policy["PolicyARN"], members)

    def _tags(self, arn: str) -> dict[str, str]:
        self._reads.wait()
        answer = self._cloudwatch.list_tags_for_resource(ResourceARN=arn)
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    def apply(self, change: Change) -> list[str]:
        """Make one change, and return the remarks of CloudWatch about an accepted dashboard. A call may be repeated."""
        if change.action is ChangeKind.DELETE:
            if change.kind is DefinitionKind.DASHBOARD:
                self._dashboard_writes.wait()
                self._cloudwatch.delete_dashboards(DashboardNames=[change.name])
            elif change.kind is DefinitionKind.MUTE_RULE:
                self._alarm_writes.wait()
                self._cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName=change.name)
            else:
                self._alarm_writes.wait()
                self._cloudwatch.delete_alarms(AlarmNames=[change.name])
            return []
        remarks = self._put(change) if change.parameters is not None else []
        if change.action is ChangeKind.UPDATE and change.tags:
            self._cloudwatch.tag_resource(ResourceARN=change.arn, Tags=_tag_list(change.tags))
        return remarks

    def _put(self, change: Change) -> list[str]:
        parameters = dict(change.parameters or {})
        if change.kind is DefinitionKind.SCALING_POLICY:
            # Enabled is always sent: a parameter that the call leaves out may keep its value.
            self._autoscaling.put_scaling_policy(**{"Enabled": True, **parameters})
            return []
        if change.kind is DefinitionKind.ANOMALY_DETECTOR:
            self._alarm_writes.wait()
            self._cloudwatch.put_anomaly_detector(**parameters)
            return []
        if change.action is ChangeKind.CREATE:
            own = [tag for tag in parameters.get("Tags") or () if tag["Key"] not in change.tags]
            parameters["Tags"] = [*own, *_tag_list(change.tags)]  # an update silently ignores tags
        if change.kind is not DefinitionKind.DASHBOARD:
            self._alarm_writes.wait()
            getattr(self._cloudwatch, change.kind)(**parameters)
            return []
        self._dashboard_writes.wait()
        body = parameters["DashboardBody"]
        body = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        answer = self._cloudwatch.put_dashboard(**{**parameters, "DashboardBody": body})
        return [
            f"{parameters['DashboardName']}{message.get('DataPath', '')}: {message.get('Message', '')}"
            for message in answer.get("DashboardValidationMessages", [])
        ]

    def policy_arns(self, definitions: Iterable[Definition]) -> dict[str, str]:
        """The ARNs of the policies that exist, by the name of their file."""
        policies = [d for d in definitions if d.kind is DefinitionKind.SCALING_POLICY]
        groups = {d.parameters["AutoScalingGroupName"] for d in policies}
        arns = {policy.name: policy.arn for group in groups for policy in self._policies(group)}
        return {d.stem: arns[d.name] for d in policies if d.name in arns}


def _tag_list(tags: Mapping[str, str]) -> list[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
