"""Splits the text of an expression into tokens."""

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
    """``kind`` is number, word, string, operator or end. && and || have the texts AND and OR."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """The tokens of the text, followed by one of kind ``end``. Raises ExpressionError for an unknown character."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            hint = _HINTS.get(text[position], "it has no meaning here")
            raise ExpressionError(position, f"unexpected {text[position]!r}: {hint}")
        if match.lastgroup != "space":
            kind = "operator" if match[0] in _WORD_OPERATORS else str(match.lastgroup)
            tokens.append(Token(kind, _SPELLINGS.get(match[0], match[0]), position))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]
