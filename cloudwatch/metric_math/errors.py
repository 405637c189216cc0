"""The errors for expressions and queries that CloudWatch would refuse."""

from cloudwatch.text_fault import TextFault


class ExpressionError(TextFault):
    """A fault in an expression."""


class QueryError(ValueError):
    """A fault in one of several queries. ``position`` is its place in the query's expression, else None."""

    def __init__(self, query_id: str, reason: str, position: int | None = None) -> None:
        place = "" if position is None else f"character {position + 1}: "
        super().__init__(f"{query_id}: {place}{reason}")
        self.query_id = query_id
        self.reason = reason
        self.position = position

    @classmethod
    def within(cls, query_id: str, error: ExpressionError) -> "QueryError":
        return cls(query_id, error.reason, error.position)
