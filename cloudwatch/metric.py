"""The identity of a metric, and the source of its values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from cloudwatch.spans import Span


@dataclass(frozen=True, slots=True, order=True)
class MetricId:
    """Namespace, name and *all* dimensions: another set of dimensions makes another metric.

    ``dimensions`` are sorted (name, value) pairs. The unit is not part of the identity.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Self:
        return cls(namespace, name, tuple(sorted(dimensions.items())))

    @classmethod
    def from_api(cls, namespace: str, name: str, dimensions: Iterable[Mapping[str, str]]) -> Self:
        """The metric with dimensions in the form of the API: ``[{"Name": …, "Value": …}]``."""
        return cls.of(namespace, name, {pair["Name"]: pair["Value"] for pair in dimensions})

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The names of the dimensions, sorted."""
        return tuple(name for name, _ in self.dimensions)

    @property
    def is_of_aws(self) -> bool:
        """Whether a service of AWS publishes the metric: no other publisher may use these namespaces."""
        return self.namespace.startswith("AWS/")

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace} {self.name} {{{inside}}}"


class MetricSource(Protocol):
    """A source of metric values: EMF records of a log, the series of a test file, or a simulation."""

    def values(
        self, metric: MetricId, statistic: str, spans: Sequence[Span], unit: str | None = None
    ) -> list[float | None]:
        """The statistic over each span [start, end), in seconds since the epoch; None is a gap.

        Starts and ends rise from span to span, and spans may overlap. A value depends only on data within its span.
        An unknown metric, or a ``unit`` in which nothing was published, gives gaps only, as in CloudWatch.
        ``statistic`` is spelt as in CloudWatch ("Average", "p99", "TM(10%:90%)"). Raises ValueError for an unknown one.
        """
        ...

    def metrics(self) -> Iterable[MetricId]:
        """Every metric that has at least one value."""
        ...
