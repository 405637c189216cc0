"""The AWS account: only this module calls CloudWatch and Auto Scaling for ``alarms.sync``.

Calls are paced below the documented rates (PutMetricAlarm, PutCompositeAlarm and DeleteAlarms 3 a second, the
dashboards 10), and botocore retries throttled calls. IAM: ``cloudwatch:DescribeAlarms``, ``ListDashboards``,
``GetDashboard``, ``ListTagsForResource``, ``autoscaling:DescribePolicies`` to plan; to apply also
``cloudwatch:PutMetricAlarm``, ``PutCompositeAlarm``, ``DeleteAlarms``, ``PutDashboard``, ``DeleteDashboards``,
``TagResource`` and ``autoscaling:PutScalingPolicy``.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from alarms.definition_files import Definition, DefinitionKind
from alarms.sync.plan import Change, ChangeKind, LiveObject

ALARM_WRITES_PER_SECOND = 2.5
DASHBOARD_WRITES_PER_SECOND = 8.0
READS_PER_SECOND = 8.0
ATTEMPTS = 8
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

    def read(self, definitions: Iterable[Definition], prefix: str) -> list[LiveObject]:
        """The alarms and dashboards with this prefix, and the policies of the groups that the definitions name."""
        groups = {d.parameters["AutoScalingGroupName"] for d in definitions if d.kind is DefinitionKind.SCALING_POLICY}
        return [*self._alarms(prefix), *self._dashboards(prefix), *(p for g in groups for p in self._policies(g))]

    def _alarms(self, prefix: str) -> Iterator[LiveObject]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{prefix}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for page in pages:
            for alarm in page["MetricAlarms"]:
                yield self._alarm(DefinitionKind.METRIC_ALARM, alarm)
            for alarm in page.get("CompositeAlarms", []):
                yield self._alarm(DefinitionKind.COMPOSITE_ALARM, alarm)

    def _alarm(self, kind: DefinitionKind, alarm: Mapping[str, Any]) -> LiveObject:
        arn = alarm["AlarmArn"]
        return LiveObject(kind, alarm["AlarmName"], arn, self._put_members(kind, alarm), self._tags(arn))

    def _dashboards(self, prefix: str) -> Iterator[LiveObject]:
        for page in self._cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix=f"{prefix}-"):
            for entry in page["DashboardEntries"]:
                self._reads.wait()
                dashboard = self._cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])
                arn = dashboard["DashboardArn"]
                body = {"DashboardName": entry["DashboardName"], "DashboardBody": dashboard["DashboardBody"]}
                yield LiveObject(DefinitionKind.DASHBOARD, entry["DashboardName"], arn, body, self._tags(arn))

    def _policies(self, group: str) -> Iterator[LiveObject]:
        pages = self._autoscaling.get_paginator("describe_policies").paginate(AutoScalingGroupName=group)
        for page in pages:
            for policy in page["ScalingPolicies"]:
                members = self._put_members(DefinitionKind.SCALING_POLICY, policy)
                yield LiveObject(DefinitionKind.SCALING_POLICY, policy["PolicyName"], policy["PolicyARN"], members)

    def _tags(self, arn: str) -> dict[str, str]:
        self._reads.wait()
        answer = self._cloudwatch.list_tags_for_resource(ResourceARN=arn)
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    def _put_members(self, kind: DefinitionKind, described: Mapping[str, Any]) -> dict[str, Any]:
        """The described members that the put call accepts, without states, times and ARNs."""
        client = self._autoscaling if kind is DefinitionKind.SCALING_POLICY else self._cloudwatch
        operation = client.meta.method_to_api_mapping[kind]
        shape = client.meta.service_model.operation_model(operation).input_shape
        return {name: described[name] for name in (shape.members if shape else ()) if name in described}

    def apply(self, change: Change) -> list[str]:
        """Make one change, and return the remarks of CloudWatch about an accepted dashboard. May be repeated."""
        if change.action is ChangeKind.DELETE:
            if change.kind is DefinitionKind.DASHBOARD:
                self._dashboard_writes.wait()
                self._cloudwatch.delete_dashboards(DashboardNames=[change.name])
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
        if change.action is ChangeKind.CREATE:
            parameters["Tags"] = _tag_list(change.tags)  # an update silently ignores them
        if change.kind is not DefinitionKind.DASHBOARD:
            self._alarm_writes.wait()
            getattr(self._cloudwatch, change.kind)(**parameters)
            return []
        self._dashboard_writes.wait()
        body = json.dumps(parameters["DashboardBody"], ensure_ascii=False)
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
