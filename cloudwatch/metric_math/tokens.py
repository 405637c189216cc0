"""Splits the text of an expression into tokens."""

import re

from cloudwatch.metric_math.errors import ExpressionError
from cloudwatch.token_reader import Token, split_text

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


def tokenize(text: str) -> list[Token]:
    """The tokens of the text: number, word, string, operator or end. && and || have the texts AND and OR.

    Raises ExpressionError for an unknown character.
    """

    def unreadable(position: int) -> ExpressionError:
        hint = _HINTS.get(text[position], "it has no meaning here")
        return ExpressionError(position, f"unexpected {text[position]!r}: {hint}")

    return split_text(text, _TOKEN, _read, unreadable)


def _read(kind: str, matched: str) -> tuple[str, str]:
    return "operator" if matched in _WORD_OPERATORS else kind, _SPELLINGS.get(matched, matched)
