"""Parses the part of the query language of CloudWatch Logs Insights that our documents use.

Source: "CloudWatch Logs Insights language query syntax" in the user guide. Everything else is refused, so a query is
either run as AWS runs it, or not at all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cloudwatch.text_fault import TextFault
from cloudwatch.token_reader import Token, TokenReader, split_text

LIMIT_MAX = 10_000  # also without a limit in the query

T = TypeVar("T")
Event = dict[str, Any]  # field → value; nested fields are called ``outer.inner``
Condition = Callable[[Event], bool]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<value>'[^'\\\n]*')
    | (?P<pattern>/(?:[^/\\\n]|\\.)+/)
    | (?P<span>\d+[smhd]\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<word>@?[A-Za-z_][\w.]*)
    | (?P<sign><=|>=|[=<>|(),\[\]])""",
    re.VERBOSE | re.ASCII,
)
_COMMANDS = ("fields", "filter", "stats", "sort", "limit")
_KEYWORDS = frozenset((*_COMMANDS, "and", "or", "not", "in", "like", "as", "by", "asc", "desc"))
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class QueryRefused(TextFault):
    """The query is wrong, or has something that is not supported here."""


class Aggregate(NamedTuple):
    """``count()`` or ``pct(field, percent)``, and the name of its column."""

    name: str
    field: str | None
    percent: float | None


class Group(NamedTuple):
    """A field to group by; with ``seconds`` it is ``bin`` of the timestamp."""

    name: str
    seconds: int | None


@dataclass
class LogQuery:
    """A query. Its commands run in the order of the class: all that we write have this order."""

    fields: list[str]
    conditions: list[Condition]
    aggregates: list[Aggregate]
    groups: list[Group]
    sort: tuple[str, bool] | None  # the field, and whether it descends
    limit: int


def parse_query(text: str) -> LogQuery:
    """Raises QueryRefused at the first fault."""

    def unreadable(position: int) -> QueryRefused:
        return QueryRefused(position, f"unexpected {text[position]!r}")

    def read(kind: str, matched: str) -> tuple[str, str]:
        return kind, matched[1:-1] if kind in ("value", "pattern") else matched

    return _QueryReader(split_text(text, _TOKEN, read, unreadable)).query()


class _QueryReader(TokenReader):
    refusal = QueryRefused

    def query(self) -> LogQuery:
        found = LogQuery([], [], [], [], None, LIMIT_MAX)
        done = ""
        while True:
            command = self._word("a command")
            if command.text not in _COMMANDS or (done and _COMMANDS.index(command.text) < _COMMANDS.index(done)):
                raise QueryRefused(command.position, f"{command.shown} is not supported here")
            done = command.text
            getattr(self, f"_{done}")(found)
            if self._next.kind == "end":
                return found
            self._sign("|")

    def _fields(self, found: LogQuery) -> None:
        found.fields += self._list(self._field)

    def _filter(self, found: LogQuery) -> None:
        found.conditions.append(self._any_of())

    def _stats(self, found: LogQuery) -> None:
        found.aggregates = self._list(self._aggregate)
        if self._take("word", "by"):
            found.groups = self._list(self._group)

    def _sort(self, found: LogQuery) -> None:
        field, order = self._field(), self._word("asc or desc")
        if order.text not in ("asc", "desc"):
            raise QueryRefused(order.position, f"unexpected {order.shown} where asc or desc is expected")
        found.sort = field, order.text == "desc"

    def _limit(self, found: LogQuery) -> None:
        found.limit = int(self._kind("number", "a number").text)
        if not 1 <= found.limit <= LIMIT_MAX:
            raise QueryRefused(self._next.position, f"a limit is a number from 1 to {LIMIT_MAX}")

    # Conditions

    def _any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._take("word", "or"):
            parts.append(self._all_of())
        return lambda event: any(part(event) for part in parts)

    def _all_of(self) -> Condition:
        parts = [self._negation()]
        while self._take("word", "and"):
            parts.append(self._negation())
        return lambda event: all(part(event) for part in parts)

    def _negation(self) -> Condition:
        if self._take("word", "not"):
            part = self._negation()
            return lambda event: not part(event)
        if self._take("word", "ispresent"):
            self._sign("(")
            field = self._field()
            self._sign(")")
            return lambda event: event.get(field) is not None
        return self._comparison()

    def _comparison(self) -> Condition:
        field = self._field()
        if self._take("word", "like"):
            pattern = re.compile(self._kind("pattern", "a pattern").text)
            return lambda event: field in event and pattern.search(str(event[field])) is not None
        if self._take("word", "in"):
            self._sign("[")
            allowed = self._list(self._value)
            self._sign("]")
            return lambda event: any(_same_kind(event.get(field), value) and event[field] == value for value in allowed)
        sign = self._advance()
        if sign.kind != "sign" or sign.text not in _COMPARISONS:
            raise QueryRefused(sign.position, f"unexpected {sign.shown} where a comparison is expected")
        compare, value = _COMPARISONS[sign.text], self._value()
        return lambda event: _same_kind(event.get(field), value) and compare(event[field], value)

    def _value(self) -> str | float:
        token = self._advance()
        if token.kind not in ("value", "number"):
            raise QueryRefused(token.position, f"unexpected {token.shown} where a value is expected")
        return token.text if token.kind == "value" else float(token.text)

    # Statistics

    def _aggregate(self) -> Aggregate:
        function = self._word("count or pct")
        self._sign("(")
        field: str | None = None
        percent: float | None = None
        if function.text == "pct":
            field = self._field()
            self._sign(",")
            percent = float(self._kind("number", "a percentage").text)
        elif function.text != "count":
            raise QueryRefused(function.position, f"{function.shown} is not supported here")
        self._sign(")")
        name = f"{function.text}({field}, {percent:g})" if percent is not None else "count()"
        return Aggregate(self._field() if self._take("word", "as") else name, field, percent)

    def _group(self) -> Group:
        if not self._take("word", "bin"):
            return Group(self._field(), None)
        self._sign("(")
        span = self._kind("span", "a span of time").text
        self._sign(")")
        return Group(f"bin({span})", int(span[:-1]) * _SECONDS[span[-1]])

    # Tokens

    def _list(self, read: Callable[[], T]) -> list[T]:
        items = [read()]
        while self._take("sign", ","):
            items.append(read())
        return items

    def _field(self) -> str:
        token = self._word("a field")
        if token.text in _KEYWORDS or self._is_next("sign", "("):
            raise QueryRefused(token.position, f"unexpected {token.shown} where a field is expected")
        return token.text

    def _word(self, expected: str) -> Token:
        return self._kind("word", expected)

    def _kind(self, kind: str, expected: str) -> Token:
        token = self._advance() if self._next.kind != "end" else self._next
        if token.kind != kind:
            raise QueryRefused(token.position, f"unexpected {token.shown} where {expected} is expected")
        return token

    def _sign(self, text: str) -> None:
        if not self._take("sign", text):
            raise QueryRefused(self._next.position, f"unexpected {self._next.shown} where {text!r} is expected")


def _same_kind(found: object, value: str | float) -> bool:
    """False for a missing field. Raises TypeError for text beside a number: how AWS compares them is not documented."""
    if found is not None and isinstance(found, str) is not isinstance(value, str):
        raise TypeError(f"the query compares {found!r} with {value!r}")
    return found is not None
