"""Parses the text of a query of Logs Insights, as far as it is needed to know which fields the query reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile

from cloudwatch.log_queries.log_query_words import ADDED_FIELDS, COMMANDS, FUNCTIONS, KEYWORDS
from cloudwatch.text_fault import TextFault
from cloudwatch.token_reader import Token, TokenReader, split_text

RESULTS_MAX = 10_000

_REGEX = r"/(?:[^/\\]|\\.)+/[a-z]*"
_TOKEN = re.compile(
    rf"""(?P<space>\s+|\#[^\n]*)
    | (?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<field>`[^`]+`)
    | (?P<extract>\bparse\s+(?:[@\w.]+\s+)?{_REGEX})
    | (?P<match>(?:\blike\b|=~)\s*{_REGEX})
    | (?P<number>\d+(?:\.\d+)?[a-z]*)
    | (?P<word>[@A-Za-z_][\w@.]*)
    | (?P<sign>!=|<=|>=|=~|[=<>+\-*/^%(),|\[\]])""",
    re.VERBOSE | re.ASCII,
)
_EXTRACT = re.compile(rf"parse\s+(?P<field>[@\w.]+\s+)?(?P<regex>{_REGEX})", re.ASCII)
_GROUP = re.compile(r"\(\?P?<(\w+)>")
_ALONE = ("addtotals", "anomaly", "diff", "pattern")  # commands that may have no argument
_END = Token("end", "", 0)


class LogQueryRefused(TextFault):
    """CloudWatch would refuse the query, or its result would have an empty column."""


@dataclass(frozen=True, slots=True)
class ReadField:
    """A field of the log that the query reads. ``position`` is the index of its first character."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class LogsInsightsQuery:
    """``log_groups`` are those of SOURCE. ``fields`` are read from the records of the log.

    They are without the fields that the query computes itself, and without those that CloudWatch adds to every event.
    ``compared`` has each text that a field is compared with by ``=`` or ``in``, behind the name of the field.
    """

    log_groups: tuple[str, ...]
    fields: tuple[ReadField, ...]
    compared: tuple[tuple[str, Token], ...]


def parse_log_query(text: str) -> LogsInsightsQuery:
    """The query of a text. Raises LogQueryRefused at the first fault."""

    def unreadable(position: int) -> LogQueryRefused:
        return LogQueryRefused(position, f"unexpected {text[position]!r}")

    return _LogQueryReader(split_text(text, _TOKEN, _read, unreadable)).query()


def _read(kind: str, matched: str) -> tuple[str, str]:
    return kind, matched[1:-1] if kind in ("value", "field") else matched


class _LogQueryReader(TokenReader):
    refusal = LogQueryRefused

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self._groups: list[str] = []
        self._fields: list[ReadField] = []
        self._compared: list[tuple[str, Token]] = []
        self._computed: set[str] = set()
        self._is_grouped = False  # after stats, only its results are left

    def query(self) -> LogsInsightsQuery:
        self._command()
        while self._take("sign", "|"):
            self._command()
        return LogsInsightsQuery(tuple(self._groups), tuple(self._fields), tuple(self._compared))

    def _command(self) -> None:
        if self._next.kind == "extract":
            self._extract(self._advance())
            return
        command = self._advance()
        name = command.text.lower()
        if command.kind != "word" or name not in {each.lower() for each in COMMANDS}:
            raise LogQueryRefused(command.position, f"there is no command {command.shown}{_near(command, COMMANDS)}")
        tokens = list(self._arguments())
        if not tokens and name not in _ALONE:
            raise LogQueryRefused(command.position, f"{command.text} needs an argument")
        if name == "source":
            self._groups += [token.text for token in tokens if token.kind == "value"]
        elif name == "limit":
            _check_limit(tokens)
        else:
            self._expressions(tokens, names=_names(tokens, all_behind_as=name == "parse"))
        if name == "stats":
            self._keep_only_the_results(tokens)

    def _arguments(self) -> Iterator[Token]:
        """The tokens of a command, up to the next one."""
        opened: list[Token] = []
        while self._next.kind != "end" and not self._is_next("sign", "|"):
            token = self._advance()
            if token.kind == "sign" and token.text in "([":
                opened.append(token)
            elif token.kind == "sign" and token.text in ")]":
                if not opened:
                    raise LogQueryRefused(token.position, f"unexpected {token.shown}")
                opened.pop()
            yield token
        if opened:
            raise LogQueryRefused(opened[-1].position, f"this {opened[-1].text!r} is never closed")

    def _extract(self, parse: Token) -> None:
        """``parse field /a regular expression with (?<names>…)/``."""
        match = _EXTRACT.fullmatch(parse.text)
        if match and match["field"]:
            self._read_field(match["field"].strip(), parse.position + match.start("field"))
        self._computed |= set(_GROUP.findall(parse.text))

    def _expressions(self, tokens: list[Token], names: set[int]) -> None:
        """Read the fields of a command. ``names`` are the indices of the tokens that name its own results."""
        for index, token in enumerate(tokens):
            following = tokens[index + 1] if index + 1 < len(tokens) else _END
            if index in names or token.kind not in ("word", "field") or token.text.lower() in KEYWORDS:
                continue
            if token.kind == "word" and following.text == "(" and following.kind == "sign":
                if token.text not in FUNCTIONS:
                    text = f"there is no function {token.shown}{_near(token, FUNCTIONS)}"
                    raise LogQueryRefused(token.position, text)
                continue
            self._read_field(token.text, token.position)
            if following.text in ("=", "in"):
                values = takewhile(lambda each: each.kind == "value" or each.text in ("[", ","), tokens[index + 2 :])
                self._compared += [(token.text, each) for each in values if each.kind == "value"]
        self._computed |= {tokens[index].text for index in names}

    def _keep_only_the_results(self, tokens: list[Token]) -> None:
        """Behind stats, there are only its aliases and the fields of its ``by``."""
        words = [token.text.lower() for token in tokens]
        by = words.index("by") if "by" in words else len(tokens)
        groups = {token.text for token in tokens[by + 1 :] if token.kind in ("word", "field")}
        self._computed = groups | {tokens[index].text for index in _names(tokens, all_behind_as=False)}
        self._is_grouped = True

    def _read_field(self, name: str, position: int) -> None:
        if name in self._computed:
            return
        if self._is_grouped:
            raise LogQueryRefused(position, f"{name!r} is no result of stats")
        if name not in ADDED_FIELDS:
            self._fields.append(ReadField(name, position))


def _names(tokens: list[Token], *, all_behind_as: bool) -> set[int]:
    """The indices of the names behind ``as``: one, or a list of them, as parse has it."""
    found: set[int] = set()
    for index, token in enumerate(tokens[:-1]):
        if token.kind == "word" and token.text.lower() == "as":
            last = len(tokens) if all_behind_as else index + 2
            found |= {number for number in range(index + 1, last) if tokens[number].kind in ("word", "field")}
    return found


def _check_limit(tokens: list[Token]) -> None:
    if len(tokens) != 1 or not tokens[0].text.isdigit() or not 1 <= int(tokens[0].text) <= RESULTS_MAX:
        raise LogQueryRefused(tokens[0].position, f"limit takes a number from 1 to {RESULTS_MAX}")


def _near(token: Token, words: tuple[str, ...]) -> str:
    near = get_close_matches(token.text, words, n=1)
    return f"; did you mean {near[0]}?" if near else ""
