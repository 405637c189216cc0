"""Reads the text of an expression: precedence climbing over the tokens."""

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
from cloudwatch.metric_math.tokens import Token, tokenize

EXPRESSION_CHARACTERS_MAX = 2048  # MetricExpression of the CloudWatch API
NESTING_MAX = 64  # ours: far above any real expression, far below Python's stack

_INSIGHTS_QUERY = re.compile(r"\s*(?P<select>SELECT)\s+(AVG|COUNT|MAX|MIN|SUM)\s*\(", re.IGNORECASE)


def parse(text: str) -> Expression:
    """The syntax tree of an expression. Raises ExpressionError: bad syntax, unknown function, too long.

    What depends on the other metrics and expressions (unknown ids, kinds of arguments) is for ``check`` to say.
    """
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        reason = f"an expression has at most {EXPRESSION_CHARACTERS_MAX} characters, this one has {len(text)}"
        raise ExpressionError(EXPRESSION_CHARACTERS_MAX, reason)
    if query := _INSIGHTS_QUERY.match(text):
        return InsightsQuery(query.start("select"), text.strip())
    return _Parser(tokenize(text)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._nesting = 0

    def whole(self) -> Expression:
        if self._next.kind == "end":
            raise ExpressionError(self._next.position, "the expression is empty")
        expression = self._expression(1)
        if self._next.kind != "end":
            hint = "it closes nothing" if self._next.text in (")", "]") else "an operator is missing before it"
            raise ExpressionError(self._next.position, f"unexpected {self._next.text!r}: {hint}")
        return expression

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._next
        self._index += 1
        return token

    def _takes(self, operator: str) -> bool:
        """Takes the operator if it is the next token."""
        found = self._next.kind == "operator" and self._next.text == operator
        self._index += found
        return found

    def _expression(self, precedence: int) -> Expression:
        """The longest expression whose operators bind at least as tightly as ``precedence``."""
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise ExpressionError(self._next.position, f"nested deeper than {NESTING_MAX} levels")
        left = self._operand()
        while self._binds() >= precedence:
            operator = self._take()
            right = self._expression(PRECEDENCE[operator.text] + (operator.text != "^"))
            left = Binary(operator.position, operator.text, left, right)
        self._nesting -= 1
        return left

    def _binds(self) -> int:
        return PRECEDENCE.get(self._next.text, 0) if self._next.kind == "operator" else 0

    def _operand(self) -> Expression:
        token = self._take()
        match token.kind, token.text:
            case "operator", "-" | "!":
                return Unary(token.position, token.text, self._expression(SIGN_PRECEDENCE))
            case "operator", "NOT":
                return Unary(token.position, "!", self._expression(NOT_PRECEDENCE))
            case "operator", "(":
                return self._parenthesis(token)
            case "operator", "[":
                return Array(token.position, self._items(token, "]"))
            case _:
                return self._leaf(token)

    def _parenthesis(self, opening: Token) -> Expression:
        inside = self._expression(1)
        if not self._takes(")"):
            raise self._unclosed(opening, ")")
        return inside

    def _leaf(self, token: Token) -> Expression:
        match token.kind:
            case "number":
                return _number(token)
            case "string":
                return Text(token.position, token.text[1:-1])
            case "word":
                return self._name(token)
            case "end":
                raise ExpressionError(token.position, "the expression ends where a value is expected")
            case _:
                raise ExpressionError(token.position, f"unexpected {token.text!r} where a value is expected")

    def _name(self, token: Token) -> Expression:
        opening = self._next
        if self._takes("("):
            _expect_function(token)
            return Call(token.position, token.text, self._items(opening, ")"))
        if token.text in KEYWORDS:
            return Word(token.position, token.text)
        if not token.text[0].islower():
            raise ExpressionError(token.position, _not_an_id(token.text))
        return Id(token.position, token.text)

    def _items(self, opening: Token, closing: str) -> tuple[Expression, ...]:
        if self._takes(closing):
            return ()
        items = [self._expression(1)]
        while self._takes(","):
            items.append(self._expression(1))
        if not self._takes(closing):
            raise self._unclosed(opening, closing)
        return tuple(items)

    def _unclosed(self, opening: Token, closing: str) -> ExpressionError:
        if self._next.kind == "end":
            return ExpressionError(opening.position, f"this {opening.text!r} is never closed")
        return ExpressionError(self._next.position, f"unexpected {self._next.text!r} where {closing!r} is expected")


def _number(token: Token) -> Number:
    value = float(token.text)
    if math.isinf(value):
        raise ExpressionError(token.position, f"{token.text[:50]} is out of range")
    return Number(token.position, value)


def _expect_function(token: Token) -> None:
    if token.text in SIGNATURES:
        return
    reason = f"function {token.text!r} not found"
    if near := difflib.get_close_matches(token.text.upper(), SIGNATURES, n=1):
        reason += f", did you mean {near[0]}?"
    raise ExpressionError(token.position, reason)


def _not_an_id(name: str) -> str:
    if name in SIGNATURES:
        return f"function {name!r} needs its arguments in parentheses"
    return f"unknown name {name!r}: ids begin with a lowercase letter"
