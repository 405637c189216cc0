"""All checks of definitions, in their order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from alarms.check.aws_metrics import read_known_metrics
from alarms.check.calls import judge_call
from alarms.check.catalogue_checks import catalogue_notices
from alarms.check.cloudwatch_rules import RULES as CLOUDWATCH_RULES
from alarms.check.contract import contract_notices
from alarms.check.dashboard_rules import RULES as DASHBOARD_RULES
from alarms.check.house_rules import RULES as HOUSE_RULES
from alarms.check.metric_catalogue import MetricCatalogue
from alarms.check.open_value_notices import open_value_notices
from alarms.check.other_metrics import other_metric_notices
from alarms.check.scope import Definitions
from alarms.definition_files import Definition, Variables, require_variables
from cloudwatch.notice import Notice

NO_CATALOGUE = MetricCatalogue()


def check_definitions(
    definitions: Sequence[Definition],
    variables: Variables,
    aws_metrics: Iterable[Path] = (),
    catalogue: MetricCatalogue = NO_CATALOGUE,
) -> list[Notice]:
    """Every error and every remark about the definitions.

    A call gets no further checks if AWS would refuse it, or if it cannot be judged because of its open values. If it is
    a call of this project, the rules of this project and the comparison with its catalogue are left out, because both
    need all definitions. ``aws_metrics`` are more files of the form of ``aws_metrics.json``; ``catalogue`` has the
    metrics that definitions of others may watch. Raises DefinitionError if a file cannot be read, or if a variable is
    missing.
    """
    everything = Definitions(tuple(definitions), variables, read_known_metrics(aws_metrics), catalogue)
    calls = [judge_call(definition, everything) for definition in definitions]
    notices = [notice for call in calls for notice in call.notices]
    notices += open_value_notices(definitions)
    valid = tuple(call.definition for call in calls if call.is_valid)
    refused = everything.alarm_names - replace(everything, all=valid).alarm_names
    checked = replace(everything, all=valid, refused=frozenset(refused))
    for rule in CLOUDWATCH_RULES:
        notices += rule(checked)
    notices += catalogue_notices(checked)
    notices += other_metric_notices(checked)
    if checked.ours.all and len(checked.ours.all) == len(everything.ours.all):
        require_variables(variables, "PREFIX", "NAMESPACE")
        notices += contract_notices(checked.ours)
        for rule in (*HOUSE_RULES, *DASHBOARD_RULES):
            notices += rule(checked.ours)
    return notices
