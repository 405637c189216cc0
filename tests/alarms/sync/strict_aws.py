"""Behaviour of AWS that the emulator lacks: refusals, tags, composites.

These are hooks of botocore, below ``alarms.sync.account``. Sources: the API reference of each call, and the docs of its
quotas. The state is kept in a file, so that it survives a process that is killed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from cloudwatch.alarm.anomaly_detector import detector_identity, read_anomaly_detector
from cloudwatch.alarm.put_log_alarm import read_log_alarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, read_composite_alarm
from cloudwatch.dashboard.body import read_dashboard
from cloudwatch.mute.mute_rule import read_mute_rule
from cloudwatch.mute.mute_schedule import parse_moment
from cloudwatch.parameters import ParametersRefused

WRITES = (
    *("PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "PutDashboard", "DeleteDashboards"),
    *("TagResource", "UntagResource", "PutScalingPolicy", "DeletePolicy"),
    *("PutLogAlarm", "PutAlarmMuteRule", "DeleteAlarmMuteRule", "PutAnomalyDetector"),
)


T = TypeVar("T")
MUTE_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:"


class StrictAws:
    """Hooks into every client that is made after ``install``. ``before_write`` is called before each writing call.

    ``throttle_next`` counts down: that many requests for a metric alarm are answered with ``Throttling``.
    """

    def __init__(self, state: Path, *, before_write: Callable[[str], None] = lambda _operation: None) -> None:
        self._file = state
        self.before_write = before_write
        self.writes: list[str] = []
        self.throttle_next = 0
        self.composites: dict[str, dict[str, Any]] = {}
        self.log_alarms: dict[str, dict[str, Any]] = {}
        self.mute_rules: dict[str, dict[str, Any]] = {}
        self.detectors: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        if state.exists():
            self.load()

    def load(self) -> None:
        """Read the state that another process has written."""
        loaded = json.loads(self._file.read_text())
        self.composites, self.tags = loaded["composites"], loaded["tags"]
        self.log_alarms, self.mute_rules = loaded["log_alarms"], loaded["mute_rules"]

    def install(self) -> None:
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        events = boto3.DEFAULT_SESSION.events
        events.register("provide-client-params.*.*", self._check)
        events.register("before-call.cloudwatch.*", self._answer)  # type: ignore[arg-type] # an answer is allowed
        events.register("before-send.cloudwatch.PutMetricAlarm", self._throttle)  # type: ignore[arg-type] # likewise
        events.register("after-call.cloudwatch.DescribeAlarms", self._add_alarms)

    def remove(self) -> None:
        boto3.DEFAULT_SESSION = None

    def _check(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        operation = model.name
        context["parameters"] = params
        if operation in WRITES:
            self.before_write(operation)
            self.writes.append(operation)
        getattr(self, f"_check_{operation}", lambda _parameters: None)(params)

    def _throttle(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        """An answer of the service, because botocore retries a throttling answer but no error that a hook raises."""
        if not self.throttle_next:
            return None
        self.throttle_next -= 1
        body = json.dumps({"__type": "Throttling", "message": "Rate exceeded"}).encode()
        return AWSResponse(request.url, 400, HTTPHeaders(), _Stored(body))

    def _check_PutMetricAlarm(self, parameters: dict[str, Any]) -> None:  # noqa: N802 - the operation's name
        _refuse_with("PutMetricAlarm", read_metric_alarm, parameters)
        for action in parameters.get("AlarmActions", []):
            if "${" in action:
                raise refused("PutMetricAlarm", "ValidationError", f"Invalid arn {action}")
        self._keep_tags(f"alarm:{parameters['AlarmName']}", parameters)

    def _check_PutCompositeAlarm(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        composite = _refuse_with("PutCompositeAlarm", read_composite_alarm, parameters)
        assert isinstance(composite, CompositeAlarm)
        for name in {c for c in composite.rule.children if c.startswith(self._prefix(parameters)) and "-" in c}:
            if name not in self.composites and f"alarm:{name}" not in self.tags:
                raise refused("PutCompositeAlarm", "ValidationError", f"there is no alarm {name}")

    def _check_PutDashboard(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        dashboard = read_dashboard(parameters["DashboardBody"])
        if dashboard.refused:
            raise refused("PutDashboard", "InvalidParameterInput", "; ".join(map(str, dashboard.problems)))
        self._keep_tags(f"dashboard:{parameters['DashboardName']}", parameters)

    def _check_DeleteAlarms(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        names = parameters["AlarmNames"]
        composites = [name for name in names if name in self.composites]
        if len(names) > 100 or len(composites) > 1:
            raise refused("DeleteAlarms", "ValidationError", "at most 100 names, and one composite")
        for name in names:
            named_by = [n for n, c in self.composites.items() if f'"{name}"' in c["AlarmRule"] and n not in names]
            if named_by:
                raise refused("DeleteAlarms", "ValidationError", f"{name} is a child of {named_by[0]}")
            self.composites.pop(name, None)
            self.log_alarms.pop(name, None)
            self.tags.pop(f"alarm:{name}", None)
        self._save()

    @staticmethod
    def _prefix(parameters: Mapping[str, Any]) -> str:
        return str(parameters["AlarmName"]).split("-")[0]

    def _keep_tags(self, key: str, parameters: dict[str, Any]) -> None:
        """Keep the tags of a creation. As in AWS, the tags of an update are silently ignored."""
        given = {tag["Key"]: tag["Value"] for tag in parameters.pop("Tags", [])}
        self.tags.setdefault(key, given)
        self._save()

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """Answer the calls that the emulator lacks or answers wrongly."""
        answer = getattr(self, f"_do_{model.name}", None)
        if answer is None:
            return None
        parsed = answer(context["parameters"])
        return _Answered(), {**parsed, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _do_PutCompositeAlarm(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = parameters["AlarmName"]
        self._keep_tags(f"alarm:{name}", parameters)
        self.composites[name] = {"ActionsEnabled": True, **parameters}
        self._save()
        return {}

    def _check_PutLogAlarm(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        _refuse_with("PutLogAlarm", read_log_alarm, parameters)

    def _do_PutLogAlarm(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = parameters["AlarmName"]
        self._keep_tags(f"alarm:{name}", parameters)
        query = {**parameters["ScheduledQueryConfiguration"], "QueryARN": f"arn:aws:logs:us-east-1:1:query:{name}"}
        self.log_alarms[name] = {"ActionsEnabled": True, **parameters, "ScheduledQueryConfiguration": query}
        self._save()
        return {}

    def _check_PutAnomalyDetector(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        _refuse_with("PutAnomalyDetector", read_anomaly_detector, parameters)

    def _do_PutAnomalyDetector(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.detectors[detector_identity(parameters)] = parameters
        return {}

    def _do_DescribeAnomalyDetectors(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            {**detector, **detector.get("SingleMetricAnomalyDetector", {}), "StateValue": "TRAINED"}
            for detector in self.detectors.values()
            if parameters.get("Namespace")
            in (None, detector.get("SingleMetricAnomalyDetector", detector).get("Namespace"))
        ]
        return {"AnomalyDetectors": found}

    def _check_PutAlarmMuteRule(self, parameters: dict[str, Any]) -> None:  # noqa: N802
        _refuse_with("PutAlarmMuteRule", read_mute_rule, parameters)
        for name in parameters.get("MuteTargets", {}).get("AlarmNames", []):
            if f"alarm:{name}" not in self.tags:
                raise refused("PutAlarmMuteRule", "ResourceNotFound", f"there is no alarm {name}")

    def _do_PutAlarmMuteRule(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._keep_tags(f"mute:{parameters['Name']}", parameters)
        self.mute_rules[parameters["Name"]] = parameters
        self._save()
        return {}

    def _do_ListAlarmMuteRules(self, _parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": f"{MUTE_ARN}{name}"} for name in self.mute_rules]}

    def _do_GetAlarmMuteRule(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        rule = self.mute_rules[parameters["AlarmMuteRuleName"]]
        times: dict[str, Any] = {key: parse_moment(rule[key]) for key in ("StartDate", "ExpireDate") if key in rule}
        arn = f"{MUTE_ARN}{rule['Name']}"
        return {**rule, **times, "AlarmMuteRuleArn": arn, "Status": "SCHEDULED"}

    def _do_DeleteAlarmMuteRule(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.mute_rules.pop(parameters["AlarmMuteRuleName"], None)
        self.tags.pop(f"mute:{parameters['AlarmMuteRuleName']}", None)
        self._save()
        return {}

    def _do_TagResource(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        key = _key(parameters["ResourceARN"])
        self.tags.setdefault(key, {}).update({tag["Key"]: tag["Value"] for tag in parameters["Tags"]})
        self._save()
        return {}

    def _do_ListTagsForResource(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        tags = self.tags.get(_key(parameters["ResourceARN"]), {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _add_alarms(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        asked = context["parameters"]
        prefix, names = asked.get("AlarmNamePrefix", ""), asked.get("AlarmNames")
        for kind, kept in (("CompositeAlarm", self.composites), ("LogAlarm", self.log_alarms)):
            if kind in asked.get("AlarmTypes", []) and not asked.get("NextToken"):
                parsed[f"{kind}s"] = [
                    {**alarm, "AlarmArn": f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}", "StateValue": "OK"}
                    for name, alarm in kept.items()
                    if name.startswith(prefix) and (names is None or name in names)
                ]

    def _save(self) -> None:
        kept = {"composites": self.composites, "log_alarms": self.log_alarms, "mute_rules": self.mute_rules}
        self._file.write_text(json.dumps({**kept, "tags": self.tags}, default=str))


class _Answered:
    status_code = 200


class _Stored(BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def _key(arn: str) -> str:
    """``…:alarm:NAME`` and ``…:dashboard/NAME`` → ``alarm:NAME``, ``dashboard:NAME``."""
    if arn.startswith(MUTE_ARN):
        return f"mute:{arn.removeprefix(MUTE_ARN)}"
    if ":dashboard/" in arn:
        return f"dashboard:{arn.rpartition('/')[2]}"
    return f"alarm:{arn.partition(':alarm:')[2]}"


def _refuse_with(operation: str, read: Callable[[Mapping[str, Any]], T], parameters: Mapping[str, Any]) -> T:
    try:
        return read(parameters)
    except ParametersRefused as error:
        raise refused(operation, "ValidationError", str(error)) from error


def refused(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
