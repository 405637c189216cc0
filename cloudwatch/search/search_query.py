"""A parsed search, and the metrics that it finds."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cloudwatch.metric import MetricId
from cloudwatch.search.search_tokens import matches_partly


@dataclass(frozen=True, slots=True)
class Match:
    """One word or quoted text.

    ``where`` is MetricName, Namespace, the name of a dimension, or an account (``:aws.AccountId``). If it is None, the
    namespace, the name, and the names and values of dimensions are compared. ``position`` is the index in the text.
    """

    text: str
    exact: bool = False
    where: str | None = None
    position: int = field(compare=False, default=0)

    def finds(self, metric: MetricId) -> bool:
        """Whether the metric matches. Conditions on accounts are ignored, because a metric here has no account."""
        if self.where is not None and self.where.startswith(":"):
            return True
        return any(text == self.text if self.exact else matches_partly(self.text, text) for text in self._texts(metric))

    def _texts(self, metric: MetricId) -> Iterator[str]:
        match self.where:
            case None:
                yield from (metric.namespace, metric.name)
                for pair in metric.dimensions:
                    yield from pair
            case "MetricName":
                yield metric.name
            case "Namespace":
                yield metric.namespace
            case dimension:
                yield from (value for name, value in metric.dimensions if name == dimension)


@dataclass(frozen=True, slots=True)
class Not:
    """NOT term."""

    term: "Term"

    def finds(self, metric: MetricId) -> bool:
        return not self.term.finds(metric)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Terms with AND, or with nothing, between them."""

    terms: tuple["Term", ...]

    def finds(self, metric: MetricId) -> bool:
        return all(term.finds(metric) for term in self.terms)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Terms with OR between them."""

    terms: tuple["Term", ...]

    def finds(self, metric: MetricId) -> bool:
        return any(term.finds(metric) for term in self.terms)


Term = Match | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """``namespace`` and ``dimensions`` are the schema in braces.

    ``dimensions`` None means that the search has no schema; otherwise a metric must have exactly these. ``term`` None
    finds every metric of the schema. ``position`` is the index of the namespace in the text.
    """

    namespace: str | None
    dimensions: tuple[str, ...] | None
    term: Term | None
    position: int = field(compare=False, default=0)

    def finds(self, metric: MetricId) -> bool:
        """Whether the search returns ``metric``."""
        if self.namespace is not None and metric.namespace != self.namespace:
            return False
        # A schema without dimensions is not documented. In the guide's example it returns metrics with dimensions.
        if self.dimensions and set(metric.dimension_names) != set(self.dimensions):
            return False
        return self.term is None or self.term.finds(metric)

    @property
    def matches(self) -> tuple[Match, ...]:
        """Every word and quoted text of the search, in the order of the text. Those below NOT are left out."""
        return () if self.term is None else tuple(_matches(self.term))


def _matches(term: Term) -> Iterator[Match]:
    if isinstance(term, Match):
        yield term
    elif not isinstance(term, Not):
        for part in term.terms:
            yield from _matches(part)
