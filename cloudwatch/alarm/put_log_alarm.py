"""The call PutLogAlarm: an alarm on the results of a CloudWatch Logs query. It is checked, but not played.

Source of the rules: its API reference (botocore 1.44).
"""

from collections.abc import Mapping
from typing import Any

from cloudwatch.alarm.actions import PARAMETERS as ACTION_PARAMETERS
from cloudwatch.alarm.metric_alarm import Comparison
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.put_metric_alarm import check_tags, read_name
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.parameters import Parameters

CALL = "PutLogAlarm"
RESULTS_MAX = 100
LOG_LINES_MAX = 50
PARAMETERS = frozenset(
    (
        *("AlarmName", "AlarmDescription", "ScheduledQueryConfiguration", "ActionLogLineCount", "ActionLogLineRoleArn"),
        *("QueryResultsToEvaluate", "QueryResultsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData"),
        *("Tags", "WarmUpConfiguration", "ActionConfiguration", *ACTION_PARAMETERS),
    )
)


def read_log_alarm(values: Mapping[str, Any]) -> UnplayedAlarm:
    """The alarm of a PutLogAlarm call. Raises ParametersRefused with every problem."""
    parameters = Parameters.of_call("cloudwatch", CALL, values)
    name = read_name(parameters)
    check_tags(parameters)
    parameters.choice("ComparisonOperator", list(Comparison))
    parameters.choice("TreatMissingData", list(TreatMissingData), TreatMissingData.MISSING)
    results = parameters.integer("QueryResultsToEvaluate", default=1)
    if results > RESULTS_MAX:
        parameters.refuse("QueryResultsToEvaluate", f"is {results}, at most {RESULTS_MAX} is allowed")
    if parameters.integer("QueryResultsToAlarm", default=1) > results:
        parameters.refuse("QueryResultsToAlarm", f"is more than the {results} QueryResultsToEvaluate")
    _check_log_lines(parameters)
    _check_schedule(parameters.object("ScheduledQueryConfiguration").object("ScheduleConfiguration"))
    parameters.raise_problems(CALL)
    return UnplayedAlarm(name=name, reason="only CloudWatch can compute a query over log groups")


def _check_log_lines(parameters: Parameters) -> None:
    lines = parameters.integer("ActionLogLineCount", least=0, default=0)
    if lines > LOG_LINES_MAX:
        parameters.refuse("ActionLogLineCount", f"is {lines}, at most {LOG_LINES_MAX} is allowed")
    if lines:
        parameters.require("ActionLogLineRoleArn")


def _check_schedule(schedule: Parameters) -> None:
    start = schedule.integer("StartTimeOffset", default=1)
    if schedule.integer("EndTimeOffset", default=0) >= start:
        schedule.refuse("EndTimeOffset", f"must be less than the StartTimeOffset of {start} s")
