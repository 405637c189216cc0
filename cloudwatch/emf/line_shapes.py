"""Recognises the lines of a log by the texts between their varying values. That is four times as fast as parsing them.

A program writes few different shapes of lines: the same members in the same order, with other numbers and strings. So
one line of each shape is read with all checks, and makes two regular expressions: one for the text before the metadata,
and one for the text after them. In them, every number and string that is a value is replaced by a pattern for a JSON
number or string, and everything else stays as it is: braces, names of members, white space. The metadata in between
must be the same text.

A line that matches is the same JSON document with other values. So it has no duplicate member, no NaN and no text after
its end. Only the rules for values are left to check: dimension values must be valid (a cache of them holds only valid
ones), and numbers must be in range (the pattern matches no larger ones). In every other case the result is None, and
the caller parses the line.
"""

import json
import re
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from cloudwatch.emf.metadata import Metadata, Record, Streams
from cloudwatch.emf.rules import VALUES_MAX, EmfViolation, Value

SHAPES_MAX = 64
LINE_CHARACTERS_LEARNT_MAX = 16_384
# Learning a shape takes as long as parsing some 200 lines. So in a log whose lines all differ, few are learnt.
LEARNT_AT_ONCE = 32
LINES_FOR_EACH_SHAPE = 400

# Numbers that float and json read as the same value: at most 15 digits before the point, no larger than 10^104, and
# not the integer -0, which json reads as 0.
_EXPONENT = r"[eE](?:-[0-9]{1,3}+|\+?+(?:[0-8][0-9]|[0-9])(?![0-9]))"
_NUMBER = rf"(?!0[0-9]|-0(?!\.))-?+[0-9]{{1,15}}+(?:\.[0-9]{{1,20}}+)?+(?:{_EXPONENT})?+"
_SPACE = r"[ \t\r\n]*+"
_NUMBERS = rf"\[{_SPACE}{_NUMBER}(?:{_SPACE},{_SPACE}{_NUMBER}){{0,{VALUES_MAX - 1}}}{_SPACE}\]"
_PLAIN_STRING = r'"([^"\\\x00-\x1f]*+)"'
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
# Milliseconds of the years 2017 to 2096. A line with any other timestamp is parsed.
_MILLISECONDS = r"((?:1[5-9]|[23][0-9])[0-9]{11})"

_Path = tuple[str, ...]  # the names of the members that lead to a value; "" for an array
_TIMESTAMP: _Path = ("_aws", "Timestamp")
_METADATA: _Path = ("_aws", "CloudWatchMetrics")

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+.0-9eE]++|[{}\[\]:,]|true|false|null')


class _Floats(dict[str, float]):
    """Small whole numbers by their text. Most values are such, and a look-up is twice as fast as ``float``."""

    __missing__ = staticmethod(float)


_float = _Floats((str(number), float(number)) for number in range(1000)).__getitem__


class LineShapes:
    """The shapes of lines that one log has had, at most SHAPES_MAX of them.

    ``bytes_max`` is the size of the largest document.
    """

    def __init__(self, bytes_max: int) -> None:
        self._characters_max = bytes_max // 4  # a character takes at most 4 bytes
        self._heads: list[_Head] = []
        self._shapes = 0
        self._learnt = 0
        self._parsed = 0

    def recognise(self, line: str) -> Record | None:
        """The document in the line; None if its shape is not known, or if a value must be checked by the parser."""
        for head in self._heads:
            start = head.match(line)
            if start is None:
                continue
            position = start.end()
            for body in head.bodies:
                if not line.startswith(body.metadata_text, position):
                    continue
                rest = body.match(line, position + body.metadata_length)
                if rest is None:
                    continue
                if len(line) > self._characters_max or not (line.isascii() or _is_text(line)):
                    return None
                values = start.groups() + rest.groups()
                streams = body.known_streams.get(body.dimensions_of(values)) or body.new_streams(values)
                if streams is None:
                    return None
                if body.read is None:
                    return streams, int(values[body.timestamp]), tuple(map(_float, body.values_of(values)))
                return streams, int(values[body.timestamp]), body.read_arrays(values)
        return None

    def learn(self, line: str, metadata: Metadata, record: Record) -> None:
        """Learn the shape of a line that was parsed as ``record``."""
        self._parsed += 1
        if (
            len(line) > LINE_CHARACTERS_LEARNT_MAX
            or self._parsed < (self._learnt - LEARNT_AT_ONCE) * LINES_FOR_EACH_SHAPE
        ):
            return
        self._learnt += 1
        try:
            made = _make(line, metadata)
        except RecursionError:  # a property that is nested deeply
            return
        if made is None:
            return
        if self._shapes >= SHAPES_MAX:
            self._heads.clear()
            self._shapes = 0
        pattern, body = made
        head = next((head for head in self._heads if head.pattern == pattern), None)
        if head is None:
            head = _Head(pattern, re.compile(pattern).match, [])
            self._heads.append(head)
        head.bodies.append(body)
        self._shapes += 1
        if self.recognise(line) != record:  # the patterns do not match a value, such as one of 16 digits
            head.bodies.remove(body)
            self._shapes -= 1


_Match = Callable[..., re.Match[str] | None]
_Pick = Callable[[tuple[str, ...]], tuple[str, ...]]


class _JsonValue(NamedTuple):
    """The place of a value in a line."""

    path: _Path
    begin: int
    end: int


@dataclass(slots=True)
class _Head:
    """The text before the metadata. Lines of several shapes may begin in the same way."""

    pattern: str
    match: _Match
    bodies: list["_Body"]


@dataclass(slots=True)
class _Body:
    """The metadata, and the text after them.

    ``dimensions_of`` and ``values_of`` pick from the groups of both patterns, in the order of the metadata.
    ``read`` reads the text of each value; it is None if each is a single number.
    """

    metadata: Metadata
    metadata_text: str
    metadata_length: int
    match: _Match
    timestamp: int
    dimensions_of: _Pick
    values_of: _Pick
    read: tuple[Callable[[str], Any], ...] | None
    known_streams: Mapping[tuple[str, ...], Streams] = field(init=False)

    def __post_init__(self) -> None:
        self.known_streams = self.metadata.known_streams

    def new_streams(self, groups: tuple[str, ...]) -> Streams | None:
        """The streams of new dimension values; None if one is invalid."""
        try:
            return self.metadata.streams(self.dimensions_of(groups))
        except EmfViolation:
            return None

    def read_arrays(self, groups: tuple[str, ...]) -> list[Value]:
        """Read the values of a line in which at least one value is an array."""
        return [read(text) for read, text in zip(self.read or (), self.values_of(groups), strict=True)]


def _make(line: str, metadata: Metadata) -> tuple[str, _Body] | None:
    """The pattern of the line's head, and its body; None if the line has no plain shape."""
    values = list(_values(list(_TOKEN.finditer(line)), 0, (), {_METADATA, *((name,) for name in metadata.names)}))
    begin, end = next((value.begin, value.end) for value in values if value.path == _METADATA)
    head, tail = _Pattern(line, 0), _Pattern(line, end)
    for value in values:
        if value.end <= begin:
            head.vary(value, metadata)
        elif value.begin >= end:
            tail.vary(value, metadata)
    head.keep(begin)
    tail.keep(len(line.rstrip(" \t\r\n")))
    groups = head.groups + tail.groups
    if sorted(groups) != sorted([_TIMESTAMP, *((name,) for name in (*metadata.keys, *metadata.names))]):
        return None
    arrays = {value.path for value in values if line[value.begin] == "["}
    read = tuple(_array if (name,) in arrays else float for name in metadata.names)
    body = _Body(
        metadata_text=line[begin:end],
        metadata_length=end - begin,
        metadata=metadata,
        match=re.compile(tail.text + _SPACE).fullmatch,
        timestamp=groups.index(_TIMESTAMP),
        dimensions_of=_picker([groups.index((key,)) for key in metadata.keys]),
        values_of=_picker([groups.index((name,)) for name in metadata.names]),
        read=read if arrays - {_METADATA} else None,
    )
    return head.text, body


class _Pattern:
    """A regular expression for a part of a line; ``groups`` are the paths of the values that it captures."""

    def __init__(self, line: str, begin: int) -> None:
        self.text = ""
        self.groups: list[_Path] = []
        self._line = line
        self._end = begin

    def keep(self, end: int) -> None:
        """Add the text up to ``end`` as it is."""
        self.text += re.escape(self._line[self._end : end])
        self._end = end

    def vary(self, value: _JsonValue, metadata: Metadata) -> None:
        """Add the text up to the value, and a pattern for other values of its kind."""
        self.keep(value.begin)
        self._end = value.end
        opening = self._line[value.begin]
        is_root_member = len(value.path) == 1
        if value.path == _TIMESTAMP:
            self.text += _MILLISECONDS
        elif is_root_member and value.path[0] in metadata.keys:
            self.text += _PLAIN_STRING
        elif is_root_member and value.path[0] in metadata.names:
            self.text += f"({_NUMBERS if opening == '[' else _NUMBER})"
        else:
            self.text += _STRING if opening == '"' else _NUMBER
            return
        self.groups.append(value.path)


def _values(
    tokens: Sequence[re.Match[str]], at: int, path: _Path, whole: Collection[_Path]
) -> Generator[_JsonValue, None, int]:
    """The numbers and strings in the value that begins with ``tokens[at]``. Returns the index after the value.

    The line is valid JSON. An array whose path is in ``whole`` is yielded as one value.
    """
    first = tokens[at]
    opening = first[0][0]
    if opening not in "{[":
        if opening not in "tfn":  # true, false, null
            yield _JsonValue(path, first.start(), first.end())
        return at + 1
    if opening == "[" and path in whole:
        last = _closing(tokens, at)
        yield _JsonValue(path, first.start(), tokens[last].end())
        return last + 1
    at += 1
    while tokens[at][0] not in "]}":
        if tokens[at][0] == ",":
            at += 1
        elif opening == "{":
            at = yield from _values(tokens, at + 2, (*path, json.loads(tokens[at][0])), whole)
        else:
            at = yield from _values(tokens, at, (*path, ""), whole)
    return at + 1


def _closing(tokens: Sequence[re.Match[str]], at: int) -> int:
    """The index of the token that closes the array or object of ``tokens[at]``."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(tokens[index][0], 0)
        if not depth:
            return index
    raise ValueError("the array has no end")


def _picker(indices: Sequence[int]) -> _Pick:
    """Picks the groups with these indices, in this order, as a tuple."""
    if not indices:
        return lambda _: ()
    first, number = indices[0], len(indices)
    if list(indices) == list(range(first, first + number)):
        return itemgetter(slice(first, first + number))
    return itemgetter(*indices)


def _array(text: str) -> tuple[float, ...]:
    return tuple(map(float, text[1:-1].split(",")))


def _is_text(line: str) -> bool:
    """True if the line can be encoded as UTF-8, that is, has no half surrogate pair."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
