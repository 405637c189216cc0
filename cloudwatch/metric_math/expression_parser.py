"""Parses the text of an expression by precedence climbing."""

import difflib
import math
import re

from cloudwatch.metric_math.errors import ExpressionError
from cloudwatch.metric_math.signatures import KEYWORDS, SIGNATURES
from cloudwatch.metric_math.syntax import (
    NOT_PRECEDENCE,
    PRECEDENCE,
    SIGN_PRECEDENCE,
    Array,
    Binary,
    Call,
    Expression,
    Id,
    InsightsQuery,
    Number,
    Text,
    Unary,
    Word,
)
from cloudwatch.metric_math.tokens import tokenize
from cloudwatch.token_reader import Token, TokenReader

EXPRESSION_CHARACTERS_MAX = 2048  # MetricExpression of the CloudWatch API
NESTING_MAX = 64  # not a limit of AWS; far above any real expression, and far below the limit of Python's stack

# Only a Metrics Insights query begins with two names without an operator between them.
_INSIGHTS_QUERY = re.compile(r"\s*(?P<select>SELECT)\s+(?!(?-i:AND|OR)\b)\w", re.IGNORECASE)


def parse(text: str) -> Expression:
    """The syntax tree of an expression. Raises ExpressionError for bad syntax, an unknown function or a long text.

    ``check`` finds the faults that depend on other metrics and expressions: unknown ids and wrong kinds of arguments.
    """
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        reason = f"an expression has at most {EXPRESSION_CHARACTERS_MAX} characters, this one has {len(text)}"
        raise ExpressionError(EXPRESSION_CHARACTERS_MAX, reason)
    if query := _INSIGHTS_QUERY.match(text):
        return InsightsQuery(query.start("select"), text.strip())
    return _Parser(tokenize(text)).whole()


class _Parser(TokenReader):
    refusal = ExpressionError

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self._nesting = 0

    def whole(self) -> Expression:
        if self._next.kind == "end":
            raise ExpressionError(self._next.position, "the expression is empty")
        expression = self._expression(1)
        if self._next.kind != "end":
            hint = "it closes nothing" if self._next.text in (")", "]") else "an operator is missing before it"
            raise ExpressionError(self._next.position, f"unexpected {self._next.text!r}: {hint}")
        return expression

    def _expression(self, precedence: int) -> Expression:
        """The longest expression whose operators bind at least as tightly as ``precedence``."""
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise ExpressionError(self._next.position, f"nested deeper than {NESTING_MAX} levels")
        left = self._operand()
        while self._next_precedence() >= precedence:
            operator = self._advance()
            right = self._expression(PRECEDENCE[operator.text] + (operator.text != "^"))
            left = Binary(operator.position, operator.text, left, right)
        self._nesting -= 1
        return left

    def _next_precedence(self) -> int:
        """The precedence of the next token; 0 if it is not an operator between two values."""
        return PRECEDENCE.get(self._next.text, 0) if self._next.kind == "operator" else 0

    def _operand(self) -> Expression:
        token = self._advance()
        match token.kind, token.text:
            case "operator", "-" | "!":
                return Unary(token.position, token.text, self._expression(SIGN_PRECEDENCE))
            case "operator", "NOT":
                return Unary(token.position, "!", self._expression(NOT_PRECEDENCE))
            case "operator", "(":
                inside = self._expression(1)
                if not self._take("operator", ")"):
                    raise self._unclosed(token, "')'")
                return inside
            case "operator", "[":
                return Array(token.position, self._items(token, "]"))
            case "number", text:
                value = float(text)
                if math.isinf(value):
                    raise ExpressionError(token.position, f"{text[:50]} is out of range")
                return Number(token.position, value)
            case "string", text:
                return Text(token.position, text[1:-1])
            case "word", _:
                return self._named(token)
            case "end", _:
                raise ExpressionError(token.position, "the expression ends where a value is expected")
            case _:
                raise ExpressionError(token.position, f"unexpected {token.text!r} where a value is expected")

    def _named(self, token: Token) -> Expression:
        """The expression that begins with a word: a call, a keyword or an id."""
        opening = self._next
        if self._take("operator", "("):
            if token.text not in SIGNATURES:
                raise _unknown_function(token)
            return Call(token.position, token.text, self._items(opening, ")"))
        if token.text in KEYWORDS:
            return Word(token.position, token.text)
        if token.text[0].islower():
            return Id(token.position, token.text)
        if token.text in SIGNATURES:
            raise ExpressionError(token.position, f"function {token.text!r} needs its arguments in parentheses")
        raise ExpressionError(token.position, f"unknown name {token.text!r}: ids begin with a lowercase letter")

    def _items(self, opening: Token, closing: str) -> tuple[Expression, ...]:
        """The expressions between ``opening``, which is taken already, and ``closing``."""
        if self._take("operator", closing):
            return ()
        items = [self._expression(1)]
        while self._take("operator", ","):
            items.append(self._expression(1))
        if not self._take("operator", closing):
            raise self._unclosed(opening, repr(closing))
        return tuple(items)


def _unknown_function(token: Token) -> ExpressionError:
    reason = f"function {token.text!r} not found"
    if near := difflib.get_close_matches(token.text.upper(), SIGNATURES, n=1):
        reason += f", did you mean {near[0]}?"
    return ExpressionError(token.position, reason)
