"""Parses the text of a Metrics Insights query.

Keywords are not case-sensitive, names are. A name that has other characters than letters, digits and underscores, or
that is a keyword of the grammar, is written in double quotation marks; a value in single ones. AWS reserves many more
words, but its own examples write some of them without quotation marks (``GROUP BY ServiceName, Operation``), so they
are read here.
"""

import difflib
import re

from cloudwatch.insights.select_query import STATISTICS, Condition, Named, Order, SelectQuery
from cloudwatch.text_fault import TextFault
from cloudwatch.token_reader import Token, TokenReader, split_text

SERIES_MAX = 500

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<value>'(?:[^'\\]|\\.)*')
    | (?P<number>\d+)
    | (?P<word>[A-Za-z_]\w*(?:\.\w+)*)
    | (?P<sign>!=|[=(),])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP", "ORDER", "LIMIT")
_KEYWORDS = frozenset((*_CLAUSES, *STATISTICS, "SCHEMA", "AND", "BY", "ASC", "DESC"))


class SelectRefused(TextFault):
    """CloudWatch would refuse the query."""


def parse_select(text: str) -> SelectQuery:
    """The query of a text. Raises SelectRefused at the first fault."""
    return _SelectReader(_tokens(text)).query()


def is_plain(name: str) -> bool:
    """Whether the name needs no quotation marks."""
    match = _TOKEN.fullmatch(name)
    return match is not None and match.lastgroup == "word" and name.upper() not in _KEYWORDS


def _tokens(text: str) -> list[Token]:
    """The tokens: quoted, value, number, word, sign or end; their texts are without quotation marks."""

    def unreadable(position: int) -> SelectRefused:
        ends = "this text does not end" if text[position] in "\"'" else "quote names with such characters"
        return SelectRefused(position, f"unexpected {text[position]!r}: {ends}")

    return split_text(text, _TOKEN, _read, unreadable)


def _read(kind: str, matched: str) -> tuple[str, str]:
    return kind, re.sub(r"\\(.)", r"\1", matched[1:-1]) if kind in ("quoted", "value") else matched


class _SelectReader(TokenReader):
    refusal = SelectRefused

    def query(self) -> SelectQuery:
        self._keyword("SELECT")
        function = self._function()
        self._sign("(")
        metric = self._name("the name of a metric")
        self._sign(")")
        self._keyword("FROM")
        namespace, schema = self._source()
        where = self._conditions() if self._take_keyword("WHERE") else ()
        group_by = self._groups() if self._take_keyword("GROUP") else ()
        order_by = self._order() if self._take_keyword("ORDER") else None
        limit = self._limit() if self._take_keyword("LIMIT") else None
        if self._next.kind != "end":
            raise self._unexpected("WHERE, GROUP BY, ORDER BY, LIMIT (in this order) or the end", _CLAUSES)
        return SelectQuery(function, metric, namespace, schema, where, group_by, order_by, limit)

    @property
    def _next_keyword(self) -> str:
        """The next token in capitals if it is a keyword, else an empty text."""
        word = self._next.text.upper()
        return word if self._next.kind == "word" and word in _KEYWORDS else ""

    def _take_keyword(self, keyword: str) -> bool:
        """Take the keyword if it is the next token, and return whether it was."""
        found = self._next_keyword == keyword
        self._index += found
        return found

    def _keyword(self, *allowed: str) -> str:
        keyword = self._next_keyword
        if keyword not in allowed:
            raise self._unexpected(" or ".join(allowed), allowed)
        self._advance()
        return keyword

    def _sign(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise self._unexpected(repr(sign))

    def _function(self) -> str:
        return self._keyword(*STATISTICS)

    def _name(self, what: str) -> Named:
        token = self._next
        if token.kind not in ("quoted", "word") or self._next_keyword or not token.text:
            raise self._unexpected(f"{what} (in double quotation marks if it is a keyword)")
        self._advance()
        return Named(token.text, token.position)

    def _source(self) -> tuple[Named, tuple[Named, ...] | None]:
        if not self._take_keyword("SCHEMA"):
            return self._name("a namespace"), None
        self._sign("(")
        namespace = self._name("a namespace")
        schema: list[Named] = []
        while self._take("sign", ","):
            schema.append(self._name("the name of a dimension"))
        self._sign(")")
        return namespace, tuple(schema)

    def _conditions(self) -> tuple[Condition, ...]:
        conditions = [self._condition()]
        while self._take_keyword("AND"):
            conditions.append(self._condition())
        return tuple(conditions)

    def _condition(self) -> Condition:
        key = self._name("the name of a dimension")
        negated = self._take("sign", "!=")
        if not negated:
            self._sign("=")
        if self._next.kind != "value":
            raise self._unexpected("a value in single quotation marks")
        value = self._advance()
        return Condition(key, Named(value.text, value.position), negated)

    def _groups(self) -> tuple[Named, ...]:
        self._keyword("BY")
        groups = [self._name("the name of a dimension")]
        while self._take("sign", ","):
            groups.append(self._name("the name of a dimension"))
        return tuple(groups)

    def _order(self) -> Order:
        self._keyword("BY")
        function = self._function()
        self._sign("(")
        self._sign(")")
        descending = self._take_keyword("DESC")
        if not descending:
            self._take_keyword("ASC")
        return Order(function, descending)

    def _limit(self) -> int:
        if self._next.kind != "number" or not 1 <= int(self._next.text) <= SERIES_MAX:
            raise self._unexpected(f"a number from 1 to {SERIES_MAX}")
        return int(self._advance().text)

    def _unexpected(self, expected: str, words: tuple[str, ...] = ()) -> SelectRefused:
        near = difflib.get_close_matches(self._next.text.upper(), words, n=1) if self._next.kind == "word" else []
        hint = f"; did you mean {near[0]}?" if near and not self._next_keyword else ""
        return SelectRefused(self._next.position, f"unexpected {self._next.shown} where {expected} is expected{hint}")
