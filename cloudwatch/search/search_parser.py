"""Parses the query text of a search."""

import re

from cloudwatch.search.search_query import AllOf, AnyOf, Match, Not, SearchQuery, Term
from cloudwatch.text_fault import TextFault
from cloudwatch.token_reader import Token, TokenReader, split_text

CHARACTERS_MAX = 1024
NESTING_MAX = 64  # not a limit of AWS; far above any real search, and far below the limit of Python's stack

_OPERATORS = ("AND", "OR", "NOT")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|\\"[^"\\]*\\")
    | (?P<sign>[(){}=,])
    | (?P<word>[^\s"(){}=,]+)""",
    re.VERBOSE | re.DOTALL,
)


class SearchRefused(TextFault):
    """CloudWatch would refuse the search."""


def parse_search(text: str) -> SearchQuery:
    """The search of a query text (the first argument of SEARCH). Raises SearchRefused at the first fault."""
    if len(text) > CHARACTERS_MAX:
        raise SearchRefused(CHARACTERS_MAX, f"a search has at most {CHARACTERS_MAX} characters, this has {len(text)}")
    return _SearchReader(_tokens(text)).query()


def _tokens(text: str) -> list[Token]:
    """The tokens: quoted, sign, word, operator or end; their texts are without quotation marks."""

    def unreadable(position: int) -> SearchRefused:  # only a quotation mark can stand here
        return SearchRefused(position, "this text does not end: a quotation mark is missing")

    return split_text(text, _TOKEN, _read, unreadable)


def _read(kind: str, matched: str) -> tuple[str, str]:
    if kind == "quoted":  # the marks are escaped if the whole search is in double quotation marks
        inner = matched[2:-2] if matched.startswith("\\") else matched[1:-1]
        return kind, re.sub(r"\\(.)", r"\1", inner)
    return "operator" if matched in _OPERATORS else kind, matched


class _SearchReader(TokenReader):
    refusal = SearchRefused

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self._nesting = 0

    def query(self) -> SearchQuery:
        if self._next.kind == "end":
            raise SearchRefused(self._next.position, "a search has a schema in braces, a term, or both")
        namespace, dimensions, position = None, None, self._next.position
        if self._is_next("sign", "{"):
            namespace, dimensions = self._schema()
            self._take("sign", ",")  # some examples of the guide have one
        term = None if self._next.kind == "end" else self._any(None)
        if self._next.kind != "end":
            hint = "it closes nothing" if self._next.text in ")}" else "it cannot stand here"
            raise SearchRefused(self._next.position, f"unexpected {self._next.shown}: {hint}")
        return SearchQuery(namespace, dimensions, term, position)

    def _schema(self) -> tuple[str, tuple[str, ...]]:
        opening = self._advance()
        names = [self._schema_name(opening, "a namespace")]
        while self._take("sign", ","):
            names.append(self._schema_name(opening, "the name of a dimension"))
        if not self._take("sign", "}"):
            raise self._unclosed(opening, "',' or '}'")
        return names[0], tuple(names[1:])

    def _schema_name(self, opening: Token, what: str) -> str:
        if self._next.kind not in ("word", "quoted", "operator"):
            raise self._unclosed(opening, what)
        return self._advance().text

    def _any(self, where: str | None) -> Term:
        """Parse terms with OR between them. ``where`` is the property in front of the parentheses, if there is one."""
        terms = [self._all(where)]
        while self._take("operator", "OR"):
            terms.append(self._all(where))
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all(self, where: str | None) -> Term:
        terms = [self._one(where)]
        while self._take("operator", "AND") or self._begins_a_term():
            terms.append(self._one(where))
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _begins_a_term(self) -> bool:
        return self._next.kind in ("word", "quoted") or self._is_next("sign", "(") or self._next.text == "NOT"

    def _one(self, where: str | None) -> Term:
        if self._take("operator", "NOT"):
            return Not(self._one(where))
        if self._is_next("sign", "("):
            return self._group(where)
        if self._next.kind not in ("word", "quoted"):
            raise SearchRefused(self._next.position, f"unexpected {self._next.shown} where a term is expected")
        token = self._advance()
        if where is None and self._take("sign", "="):
            if self._is_next("sign", "("):
                return self._group(token.text)
            if self._next.kind not in ("word", "quoted"):
                reason = f"unexpected {self._next.shown} where the value of {token.text} is expected"
                raise SearchRefused(self._next.position, reason)
            return self._match(self._advance(), token.text)
        return self._match(token, where)

    @staticmethod
    def _match(token: Token, where: str | None) -> Match:
        return Match(token.text, token.kind == "quoted", where, token.position)

    def _group(self, where: str | None) -> Term:
        opening = self._advance()
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise SearchRefused(opening.position, f"nested deeper than {NESTING_MAX} levels")
        inside = self._any(where)
        if not self._take("sign", ")"):
            raise self._unclosed(opening, "')'")
        self._nesting -= 1
        return inside
