"""A parsed query of Metrics Insights, and the metrics that it selects."""

from dataclasses import dataclass, field

from cloudwatch.metric import MetricId

STATISTICS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
NO_LABEL = "Other"  # the value of GROUP BY for metrics that do not have the dimension
PSEUDO_LABELS = ("AWS.AccountId", "tag.")  # labels that are not dimensions: the account, and tags of the resource


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a query. ``position`` is its index in the text. Equality ignores it."""

    text: str
    position: int = field(compare=False, default=0)

    @property
    def is_dimension(self) -> bool:
        """False for the label of an account or of a tag."""
        return not self.text.startswith(PSEUDO_LABELS)


@dataclass(frozen=True, slots=True)
class Condition:
    """``key = 'value'``, or ``!=`` if ``negated``."""

    key: Named
    value: Named
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """``ORDER BY FUNCTION() DESC``: the time series are ordered by one value of each, over the whole time range."""

    function: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class SelectQuery:
    """``function`` is a key of STATISTICS.

    If ``schema`` is None, a metric may have any dimensions, otherwise exactly these. ``limit`` None means 500 time
    series.
    """

    function: str
    metric: Named
    namespace: Named
    schema: tuple[Named, ...] | None = None
    where: tuple[Condition, ...] = ()
    group_by: tuple[Named, ...] = ()
    order_by: Order | None = None
    limit: int | None = None

    @property
    def statistic(self) -> str:
        return STATISTICS[self.function]

    @property
    def labels(self) -> tuple[Named, ...]:
        """Every name of a dimension in the query, in its order."""
        keys = (*(self.schema or ()), *(condition.key for condition in self.where), *self.group_by)
        return tuple(key for key in keys if key.is_dimension)

    def selects(self, metric: MetricId) -> bool:
        """Whether the query reads ``metric``.

        Conditions on accounts and tags are ignored, because a metric does not have them. The guide does not say whether
        ``!=`` selects a metric that has no such dimension. Here it does: "must not match the specified string".
        """
        dimensions = dict(metric.dimensions)
        if (metric.namespace, metric.name) != (self.namespace.text, self.metric.text):
            return False
        if self.schema is not None and dimensions.keys() != {key.text for key in self.schema}:
            return False
        conditions = (condition for condition in self.where if condition.key.is_dimension)
        return all((dimensions.get(each.key.text) == each.value.text) is not each.negated for each in conditions)

    def group_of(self, metric: MetricId) -> tuple[str, ...]:
        """The values of GROUP BY for a metric: metrics of one group make one time series."""
        dimensions = dict(metric.dimensions)
        return tuple(dimensions.get(key.text, NO_LABEL) for key in self.group_by)
