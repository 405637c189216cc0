"""The tokens of a text in one of CloudWatch's languages: an expression, a search or a query."""

import re
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from cloudwatch.text_fault import TextFault


class Token(NamedTuple):
    """``kind`` is a kind of the language, or end. ``position`` is the index of its first character in the text."""

    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        """The token for a message."""
        return "the end" if self.kind == "end" else repr(self.text)


def split_text(
    text: str,
    pattern: re.Pattern[str],
    read: Callable[[str, str], tuple[str, str]],
    unreadable: Callable[[int], TextFault],
) -> list[Token]:
    """The tokens of the text, followed by one of kind ``end``.

    Each group of ``pattern`` is a kind of token, and those of the group ``space`` are left out. ``read`` returns kind
    and text of a token from its group and its matched text. Raises ``unreadable(position)`` where no token begins.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise unreadable(position)
        group = str(match.lastgroup)
        if group != "space":
            tokens.append(Token(*read(group, match[0]), position))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]


class TokenReader:
    """Reads tokens from the first to the last. The base class of parsers; ``refusal`` is the class of their faults."""

    refusal: ClassVar[type[TextFault]]

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _advance(self) -> Token:
        """Take the next token."""
        token = self._next
        self._index += 1
        return token

    def _is_next(self, kind: str, text: str) -> bool:
        return (self._next.kind, self._next.text) == (kind, text)

    def _take(self, kind: str, text: str) -> bool:
        """Take this token if it is the next one, and return whether it was."""
        found = self._is_next(kind, text)
        self._index += found
        return found

    def _unclosed(self, opening: Token, expected: str) -> TextFault:
        """The fault for a missing ``expected``: either ``opening`` is never closed, or another token stands there."""
        if self._next.kind == "end":
            return self.refusal(opening.position, f"this {opening.text!r} is never closed")
        return self.refusal(self._next.position, f"unexpected {self._next.shown} where {expected} is expected")
