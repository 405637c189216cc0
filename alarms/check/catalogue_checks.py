"""Holds what somebody else's definitions watch against the catalogue of their metrics.

CloudWatch never says that a metric does not exist. A name, a dimension or a unit that the catalogue does not have is
an error. A value of a dimension is a remark: hosts and routes come and go, and a log has those of its own time.
"""

from collections.abc import Iterator

from alarms.check.metric_catalogue import MetricCatalogue
from alarms.check.scope import Definitions, error, remark
from alarms.check.selected_metrics import selection_notices
from alarms.check.watched_metrics import MetricUse
from alarms.near_metrics import near_text
from alarms.selection_faults import selection_texts
from alarms.wording import braces
from cloudwatch.notice import Notice


def catalogue_notices(definitions: Definitions) -> Iterator[Notice]:
    """About the namespaces of the catalogue; those that it does not have are not checked, which other notices say.

    Neither is a name that depends on an open value of its file.
    """
    catalogue = definitions.catalogue
    for use in definitions.metric_uses:
        if not use.definition.is_ours and use.metric.namespace in catalogue.by_namespace:
            yield from _metric_notices(use, catalogue)
    for selection in definitions.selection_uses:
        metrics = catalogue.by_namespace.get(selection.namespace or "")
        is_open = any(map(selection.definition.is_open, selection_texts(selection.selection.query)))
        if metrics and not selection.definition.is_ours and not is_open:
            yield from selection_notices(selection, metrics)


def _metric_notices(use: MetricUse, catalogue: MetricCatalogue) -> Iterator[Notice]:
    metric, name = use.metric, use.metric.name
    if any(map(use.definition.is_open, (name, *metric.dimension_names))):
        return
    of_namespace = catalogue.by_namespace[metric.namespace]
    named = [each for each in of_namespace if each.name == name]
    of_set = [each for each in named if each.dimension_names == metric.dimension_names]
    if not named:
        text = f"there is no metric {name} in the catalogue of {metric.namespace}"
        yield error(use.definition, use.key, f"{text}{near_text(metric, of_namespace)}")
    elif not of_set:
        sets = " or ".join(sorted({braces(each.dimension_names) for each in named}))
        text = f"{name} has no dimensions {braces(metric.dimension_names)} in the catalogue, but {sets}"
        yield error(use.definition, use.key, f"{text}{near_text(metric, named)}")
    elif metric not in catalogue.units and not any(use.definition.is_open(value) for _, value in metric.dimensions):
        yield remark(use.definition, use.key, f"the catalogue has no {metric}{near_text(metric, of_set)}")
    units = frozenset[str]().union(*(catalogue.units[each] for each in of_set or named))
    if use.unit is not None and units and use.unit not in units:
        text = f"{name} is written in {' or '.join(sorted(units))}, not in {use.unit}"
        yield error(use.definition, use.key, text)
