"""Cuts the text of an expression into tokens."""

import re
from typing import NamedTuple

from cloudwatch.metric_math.errors import ExpressionError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/%^<>!()\[\],])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_SPELLINGS = {"&&": "AND", "||": "OR"}
_WORD_OPERATORS = ("AND", "OR", "NOT")
_HINTS = {
    "=": "to compare, write ==",
    "&": "write && or AND",
    "|": "write || or OR",
    '"': "this string does not end",
    "'": "this string does not end",
} | dict.fromkeys("“”‘’", "strings are written in straight quotation marks")


class Token(NamedTuple):
    """``kind`` is number, word, string, operator or end; && and || read AND and OR."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """The tokens of the text, and one of kind ``end`` after them. Raises ExpressionError."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]


def _token(kind: str, text: str, position: int) -> Token:
    if text in _WORD_OPERATORS:
        kind = "operator"
    return Token(kind, _SPELLINGS.get(text, text), position)


def _unreadable(text: str, position: int) -> ExpressionError:
    character = text[position]
    return ExpressionError(position, f"unexpected {character!r}: {_HINTS.get(character, 'it has no meaning here')}")
