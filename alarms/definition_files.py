"""The definitions: one JSON file for each alarm, scaling policy, mute rule and dashboard, in the shape of its API call.

A file has these members: ``why``, the reasons, for people; ``assumes``, the unit that each metric must have;
``equivalent``, changes of the definition that no unit test can notice, each with the reason; and one that has the name
of the API call and holds its parameters::

    {"why": {"promise": …, "threshold": …, "missing_data": …, "owner": …},
     "assumes": {"DeadLetterDepth": "Count"},
     "put_metric_alarm": {"AlarmName": "${PREFIX}-dead-letters", …}}

The description of an alarm is made from its ``why``, and ends with the link to its section of the runbook.

``${NAME}`` stands for a value that differs between environments. ``${policy:NAME}`` stands for the ARN of the scaling
policy in the file ``NAME.json``. The ARN exists only after the policy was created, so this module does not replace this
text.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from alarms.open_values import EXISTENCE, OpenValue, open_in
from alarms.strict_json import parse_json
from cloudwatch.alarm.anomaly_detector import detector_identity
from cloudwatch.dashboard.body import Dashboard, read_dashboard

ROOT = Path(__file__).resolve().parent.parent
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")

Variables = Mapping[str, str | int | float]


class DefinitionKind(StrEnum):
    """The API call that a definition is made for, in the order of application."""

    SCALING_POLICY = "put_scaling_policy"
    ANOMALY_DETECTOR = "put_anomaly_detector"
    METRIC_ALARM = "put_metric_alarm"
    LOG_ALARM = "put_log_alarm"
    COMPOSITE_ALARM = "put_composite_alarm"
    MUTE_RULE = "put_alarm_mute_rule"
    DASHBOARD = "put_dashboard"

    @property
    def noun(self) -> str:
        """The kind in messages, for example ``metric alarm``."""
        return self.removeprefix("put_").replace("_", " ")


FOLDERS = {
    DefinitionKind.SCALING_POLICY: "alarms/definitions/scaling_policies",
    DefinitionKind.ANOMALY_DETECTOR: "alarms/definitions/anomaly_detectors",
    DefinitionKind.METRIC_ALARM: "alarms/definitions/metric_alarms",
    DefinitionKind.LOG_ALARM: "alarms/definitions/log_alarms",
    DefinitionKind.COMPOSITE_ALARM: "alarms/definitions/composite_alarms",
    DefinitionKind.MUTE_RULE: "alarms/definitions/mute_rules",
    DefinitionKind.DASHBOARD: "dashboards",
}
# The service and the operation of each kind, as botocore names them.
CALLS = {
    DefinitionKind.SCALING_POLICY: ("autoscaling", "PutScalingPolicy"),
    DefinitionKind.ANOMALY_DETECTOR: ("cloudwatch", "PutAnomalyDetector"),
    DefinitionKind.METRIC_ALARM: ("cloudwatch", "PutMetricAlarm"),
    DefinitionKind.LOG_ALARM: ("cloudwatch", "PutLogAlarm"),
    DefinitionKind.COMPOSITE_ALARM: ("cloudwatch", "PutCompositeAlarm"),
    DefinitionKind.MUTE_RULE: ("cloudwatch", "PutAlarmMuteRule"),
    DefinitionKind.DASHBOARD: ("cloudwatch", "PutDashboard"),
}
# Policies for tables, services of containers and other targets that are not groups of instances. They are only checked.
APPLICATION_SCALING = ("application-autoscaling", "PutScalingPolicy")
ALARM_KINDS = (DefinitionKind.METRIC_ALARM, DefinitionKind.LOG_ALARM, DefinitionKind.COMPOSITE_ALARM)
PLAYED_KINDS = (DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM)
NAME_KEYS = {
    DefinitionKind.SCALING_POLICY: "PolicyName",
    DefinitionKind.METRIC_ALARM: "AlarmName",
    DefinitionKind.LOG_ALARM: "AlarmName",
    DefinitionKind.COMPOSITE_ALARM: "AlarmName",
    DefinitionKind.MUTE_RULE: "Name",
    DefinitionKind.DASHBOARD: "DashboardName",
}


class DefinitionError(Exception):
    """The problems of the definitions: a line for each, with file and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Definition:
    """One definition with its variables filled in.

    ``file`` is the path of its file, for messages; ``place`` is the path of its parameters in the file: the name of the
    call, if the file is in the form of this project. ``is_ours`` is false for the files of ``--definitions``: the rules
    of this project, which hold all its definitions together, do not apply to them. ``open_values`` are the parameters
    that the file does not tell. ``objective`` is the file, without its ending, of the objective that the definition is
    made from; empty if it was written by hand. ``cases`` are its unit tests, in the form of a case file, if they are
    made from the objective, too. ``equivalent`` are
    changes that make no difference, with the reasons (``alarms.test.mutants``).
    """

    kind: DefinitionKind
    file: str
    why: Mapping[str, Any]
    assumes: Mapping[str, str]
    parameters: Mapping[str, Any]
    place: str = ""
    is_ours: bool = True
    open_values: tuple[OpenValue, ...] = ()
    objective: str = ""
    cases: tuple[Mapping[str, Any], ...] = ()
    equivalent: Mapping[str, str] = field(default_factory=dict)

    @property
    def call(self) -> tuple[str, str]:
        """The service and the operation, as botocore names them."""
        return call_of(self.kind, self.parameters)

    @property
    def name_key(self) -> str:
        """The parameter that holds the name, for example ``AlarmName``. An anomaly detector has none: empty."""
        return NAME_KEYS.get(self.kind, "")

    @property
    def name(self) -> str:
        """The name in the account; for an anomaly detector, the metric that it watches. Empty if it is missing."""
        if self.kind is DefinitionKind.ANOMALY_DETECTOR:
            return detector_identity(self.parameters)
        return str(self.parameters.get(self.name_key, ""))

    @property
    def stem(self) -> str:
        """The name by which command lines select the definition.

        In the form of this project it is the file name without its ending, which is the same in every environment. A
        generated alarm has its name without the prefix. In other forms it is the name in the account.
        """
        if self.objective:
            return self.place
        return Path(self.file).stem if self.place == self.kind else self.name

    @cached_property
    def dashboard(self) -> Dashboard:
        """The dashboard of a dashboard's definition. It is read once, because many checks look at its widgets."""
        return read_dashboard(self.parameters.get("DashboardBody", ""))

    @property
    def runbook_section(self) -> str:
        """The section of the runbook. All alarms of an objective share one."""
        return self.objective or self.stem

    @property
    def surely_exists(self) -> bool:
        """False if its existence depends on a value that is not known. Two such alarms may be alternatives."""
        return all(value.key != EXISTENCE for value in self.open_values)

    def is_open(self, text: str) -> bool:
        """Whether a part of this text of the parameters is not known."""
        return bool(open_in(text, self.open_values))

    def place_of(self, key: str) -> str:
        """The path of a parameter in the file: ``put_metric_alarm.Metrics[0].Period``."""
        return f"{self.place}.{key}" if self.place and key else self.place or key


def call_of(kind: DefinitionKind, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The service and the operation of a call, as botocore names them."""
    is_application = kind is DefinitionKind.SCALING_POLICY and "ServiceNamespace" in parameters
    return APPLICATION_SCALING if is_application else CALLS[kind]


def in_order_of_application(definitions: Iterable[Definition]) -> list[Definition]:
    """The definitions by their kinds, otherwise in the given order."""
    places = {kind: place for place, kind in enumerate(DefinitionKind)}
    return sorted(definitions, key=lambda definition: places[definition.kind])


def read_variables(path: Path) -> Variables:
    """A JSON object of names and values. Raises DefinitionError."""
    variables = read_json_object(path)
    if wrong := [name for name, value in variables.items() if not isinstance(value, str | int | float)]:
        raise DefinitionError([f"{path}: {name} is neither a text nor a number" for name in wrong])
    return variables


def require_variables(variables: Variables, *names: str) -> None:
    """Raises DefinitionError for each of ``names`` that is not set."""
    problems = [f"the variable {name} is not set; give it by --variables" for name in names if name not in variables]
    if problems:
        raise DefinitionError(problems)


def require_definitions(
    stems: Iterable[str], definitions: Iterable[Definition], kinds: Collection[DefinitionKind] = PLAYED_KINDS
) -> None:
    """Raises DefinitionError if one of ``stems`` is not the file of an alarm, or of a definition of ``kinds``."""
    known = {definition.stem for definition in definitions if definition.kind in kinds}
    if unknown := [stem for stem in stems if stem not in known]:
        raise DefinitionError([f"there is no alarm {stem}" for stem in unknown])


def read_definition(kind: DefinitionKind, document: Mapping[str, Any], file: str, variables: Variables) -> Definition:
    """The definition in a document that has the member ``kind``. Raises DefinitionError."""
    if not isinstance(document.get("why"), dict) or not isinstance(document.get(kind), dict):
        raise DefinitionError([f'{file}: needs two members, "why" and "{kind}"'])
    problems: list[str] = []
    filled = fill({"why": document["why"], kind: document[kind]}, variables, file, problems)
    why, parameters = filled["why"], filled[kind]
    if kind in NAME_KEYS and NAME_KEYS[kind] not in parameters:
        problems.append(f"{file}: {kind}.{NAME_KEYS[kind]} is missing")
    objects = {name: document.get(name, {}) for name in ("assumes", "equivalent")}
    wrong = (name for name, value in objects.items() if not isinstance(value, dict))
    problems += [f"{file}: {name}: is not a JSON object" for name in wrong]
    if problems:
        raise DefinitionError(problems)
    if kind in ALARM_KINDS:
        parameters["AlarmDescription"] = alarm_description(why, Path(file).stem, variables)
    equivalent = {fill(change, variables, file, []): reason for change, reason in objects["equivalent"].items()}
    return Definition(kind, file, why, objects["assumes"], parameters, place=kind.value, equivalent=equivalent)


def alarm_description(why: Mapping[str, Any], section: str, variables: Variables) -> str:
    """The description of an alarm: the promise, the reason of the threshold, and the section of the runbook."""
    runbook = f"{variables.get('RUNBOOK_URL', 'docs/RUNBOOK.md')}#{section}"
    return f"At risk: {why.get('promise', '')} Threshold: {why.get('threshold', '')} Runbook: {runbook}"


def read_json_object(path: Path, file: str = "") -> dict[str, Any]:
    """The object in a JSON file, which messages call ``file``. Raises DefinitionError."""
    try:
        document = parse_json(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise DefinitionError([f"{file or path}: {error}"]) from error
    if not isinstance(document, dict):
        raise DefinitionError([f"{file or path}: not a JSON object"])
    return document


def fill(value: Any, variables: Variables, place: str, problems: list[str]) -> Any:
    """``value`` with its variables filled in. A missing variable adds to ``problems``, with its place."""
    if isinstance(value, dict):
        below = f"{place}." if ": " in place else f"{place}: "  # the form is "file: key.key"
        return {key: fill(item, variables, f"{below}{key}", problems) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, variables, f"{place}[{index}]", problems) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if missing := {name for name in _VARIABLE.findall(value) if name not in variables}:
        problems += [
            f"{place}: ${{{name}}} is not set; add it to the variables of this environment" for name in missing
        ]
        return value
    if whole := _VARIABLE.fullmatch(value):
        return variables[whole[1]]  # a number stays a number
    return _VARIABLE.sub(lambda match: str(variables[match[1]]), value)
