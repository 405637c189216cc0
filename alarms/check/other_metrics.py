"""Compares the metrics that this project does not emit with the list of AWS's metrics.

The list is not complete. In a definition of this project, a metric that is not in the list is an error, because a
misspelt name would otherwise go unnoticed. Add a missing metric to the list. In any other definition it is a remark.
Other checks compare the namespaces of a catalogue (``catalogue_checks.py``).
"""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from alarms.check.aws_metrics import LIST, AwsMetrics
from alarms.check.scope import Definitions, doubt
from alarms.check.watched_metrics import MetricUse, SelectionUse
from alarms.definition_files import Definition
from alarms.wording import braces, suggestion
from cloudwatch.insights import SelectQuery
from cloudwatch.notice import Notice

NAMESPACE_LIKENESS = 0.85  # AWS/Cloudfront and AWS/CloudFront have 0.9, AWS/ES and AWS/EKS 0.8

Named = tuple[Definition, str, str, str]  # the definition, the key, the namespace, the name of the metric


def other_metric_notices(definitions: Definitions) -> Iterator[Notice]:
    """The metrics that are not in the list, and those whose use contradicts the list."""
    foreign = [use for use in definitions.metric_uses if _is_foreign(use, definitions)]
    named = [(use.definition, use.key, use.metric.namespace, use.metric.name) for use in foreign]
    of_queries = (name for use in definitions.selection_uses for name in _names_of(use))
    named += (name for name in of_queries if not _is_declared(name[0], name[2], definitions))
    yield from _unknown(named, definitions)
    for use in foreign:
        if entry := definitions.known.find(use.metric.namespace, use.metric.name):
            yield from _misuses(use, entry)


def _is_foreign(use: MetricUse, definitions: Definitions) -> bool:
    return not _is_declared(use.definition, use.metric.namespace, definitions)


def _is_declared(definition: Definition, namespace: str, definitions: Definitions) -> bool:
    """Whether a catalogue has the metrics of the namespace: that of this project, or the one that was given."""
    if definition.is_ours:
        return namespace == definitions.namespace
    return namespace in definitions.catalogue.by_namespace


def _names_of(use: SelectionUse) -> Iterator[Named]:
    """The metrics that a query or a search names with certainty."""
    query = use.selection.query
    if isinstance(query, SelectQuery):
        yield use.definition, use.key, query.namespace.text, query.metric.text
    elif query.namespace is not None:
        names = [each.text for each in query.matches if each.exact and each.where == "MetricName"]
        yield from ((use.definition, use.key, query.namespace, name) for name in names)


def _unknown(named: Iterable[Named], definitions: Definitions) -> Iterator[Notice]:
    """Each use of an unknown metric; of other accounts, which may have hundreds, only the first of each metric."""
    known, theirs = definitions.known, definitions.catalogue.by_namespace
    lists = f"{LIST} has no" if not theirs else f"neither the catalogue nor {LIST} has the"
    said: set[tuple[str, ...]] = set()
    for definition, key, namespace, name in named:
        if known.find(namespace, name) or definition.is_open(namespace) or definition.is_open(name):
            continue
        if namespace in known.namespaces:
            subject: tuple[str, ...] = (namespace, name)
            hint = suggestion(name, known.names(namespace))
            text = f"{name} of {namespace} is not in {LIST}, and is not checked{hint}"
        else:
            subject = (namespace,)
            namespaces = [*known.namespaces, *([definitions.namespace] if definition.is_ours else theirs)]
            hint = suggestion(namespace, (each for each in namespaces if _almost_equal(each, namespace)))
            text = f"{lists} namespace {namespace!r}: its metrics are not checked{hint}"
        if definition.is_ours or subject not in said:
            yield doubt(definition, key, text)
        said.add(subject)


def _almost_equal(one: str, other: str) -> bool:
    """Whether one namespace may be a misspelling of the other. AWS/SES and AWS/SQS are near, but both may exist."""
    likeness = SequenceMatcher(a=one.rpartition("/")[2], b=other.rpartition("/")[2]).ratio()
    return likeness >= NAMESPACE_LIKENESS


def _misuses(use: MetricUse, entry: AwsMetrics) -> Iterator[Notice]:
    keys = use.metric.dimension_names
    if entry.dimension_sets is not None and keys not in entry.dimension_sets:
        sets = " or ".join(map(braces, entry.dimension_sets))
        yield doubt(use.definition, use.key, f"{use.metric.name} has the dimensions {sets}, not {braces(keys)}")
    if use.period < entry.period:
        text = f"{use.metric.name} has a point every {entry.period} s, the period is {use.period} s"
        yield doubt(use.definition, use.key, text)
