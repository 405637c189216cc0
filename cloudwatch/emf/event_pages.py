"""Splits a JSON document of CloudWatch Logs into its events.

Such documents are the output of ``aws logs filter-log-events`` and ``get-log-events`` (``{"events": […]}``, or only the
array), and the records of a subscription (``{"messageType": …, "logEvents": […]}``). A file may hold many of them one
after the other, with or without white space between.
"""

import json
import re
from collections.abc import Iterator
from typing import TextIO

CHUNK_CHARACTERS = 1 << 16
ESCAPES = 6  # a character of a message takes at most this many: \u00e9

_EVENT = r'\{\s*"(?:logStreamName|eventId|id|timestamp|message|ingestionTime)"\s*:'
_SCALAR = r'(?:"[^"]*"|\[[^\]{}]*\]|null|[0-9]+)'
_ARRAY = r'"(?:events|logEvents)"\s*:\s*\['
_PAGE = re.compile(rf'\s*(?:\[|\{{\s*(?:"\w+"\s*:\s*{_SCALAR}\s*,\s*)*{_ARRAY})\s*(?:\]|{_EVENT})')
_NEXT_ARRAY = re.compile(_ARRAY)
_SEPARATORS = re.compile(r"[\s,]*")


def begins_with_events(beginning: bytes) -> bool:
    """True if a file that begins with these bytes is such a document."""
    return _PAGE.match(beginning.decode(errors="replace")) is not None


def split_events(file: TextIO, bytes_max: int) -> Iterator[str]:
    """The JSON text of each event. The first text that is not an event is the last, cut at ``bytes_max``."""
    text = _Text(file, ESCAPES * bytes_max)
    is_inside = text.skip("[") or text.skip_behind(_NEXT_ARRAY)
    while is_inside:
        if text.skip("]"):
            is_inside = text.skip_behind(_NEXT_ARRAY)
        elif event := text.take_value():
            yield event
        else:
            return


class _Text:
    """The text of a file. Only the part that the next step needs is in memory."""

    def __init__(self, file: TextIO, value_characters_max: int) -> None:
        self._file = file
        self._value_characters_max = value_characters_max
        self._text = ""
        self._position = 0
        self._decoder = json.JSONDecoder()

    def skip(self, character: str) -> bool:
        """Skip white space and commas, and then the character, if it is there."""
        while True:
            self._position = _SEPARATORS.match(self._text, self._position).end()  # type: ignore[union-attr]
            if self._position < len(self._text):
                break
            if not self._read():
                return False
        is_there = self._text[self._position] == character
        self._position += is_there
        return is_there

    def skip_behind(self, pattern: re.Pattern[str]) -> bool:
        """Skip everything up to the end of the first match. False if there is no match."""
        while (found := pattern.search(self._text, self._position)) is None:
            if not self._read():
                return False
        self._position = found.end()
        return True

    def take_value(self) -> str:
        """The text of the JSON value that begins here; the rest in memory, if the value is incomplete or too long."""
        while True:
            begin = self._position
            try:
                _, self._position = self._decoder.raw_decode(self._text, begin)
            except (ValueError, RecursionError):
                if len(self._text) - begin > self._value_characters_max or not self._read():
                    rest, self._text, self._position = self._text[self._position :], "", 0
                    return rest
            else:
                return self._text[begin : self._position]

    def _read(self) -> bool:
        """Read the next chunk, and drop the text before the position. False at the end of the file."""
        chunk = self._file.read(CHUNK_CHARACTERS)
        self._text, self._position = self._text[self._position :] + chunk, 0
        return bool(chunk)
