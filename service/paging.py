"""Lists that can grow are read in pages: ``limit`` and ``offset``, and ``Link`` headers (RFC 8288) to walk them.

The bare call stays the contract's plain array. A page reads one row more than it shows: that row says whether
there is a next page, without counting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from falcon import Request, Response

from service.errors import BadRequest

LIMIT_MAX = 100
OFFSET_MAX = 1_000_000
DIGITS_MAX = 9  # more would be out of every bound: not even read as a number

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``limit`` items after the first ``offset``."""

    limit: int
    offset: int

    @property
    def rows(self) -> int:
        """How many to read: one more than is shown."""
        return self.limit + 1

    def show(
        self, request: Request, response: Response, rows: list[T], *, kept: Mapping[str, str | None] | None = None
    ) -> list[T]:
        """The items of the page, and in the answer's ``Link`` where to go from here.

        ``kept`` are the other parameters of the query, which the links repeat; None is one that was not given.
        """
        others = {name: value for name, value in (kept or {}).items() if value is not None}
        for relation, page in self._neighbours(has_next=len(rows) > self.limit).items():
            query = urlencode({**others, **page.parameters()})
            response.append_link(f"{request.uri_template}?{query}", relation)
        return rows[: self.limit]

    def parameters(self) -> dict[str, int]:
        """What asks for this page."""
        return {"limit": self.limit, "offset": self.offset}

    def _neighbours(self, *, has_next: bool) -> dict[str, Self]:
        pages = {}
        if has_next and self.offset + self.limit < OFFSET_MAX:
            pages["next"] = replace(self, offset=self.offset + self.limit)
        if self.offset > 0:
            pages["prev"] = replace(self, offset=max(0, self.offset - self.limit))
            pages["first"] = replace(self, offset=0)
        return pages


class Positions(Page):
    """A page of a ranking that was asked for by positions, which count from 1; both ends are in it."""

    __slots__ = ()

    def parameters(self) -> dict[str, int]:
        return {"from": self.offset + 1, "to": min(self.offset + self.limit, OFFSET_MAX)}


def read_page(request: Request) -> Page:
    """``limit`` (1-100) and ``offset``; without them the first hundred. Raises BadRequest."""
    limit = read_number(request, "limit", 1, LIMIT_MAX)
    offset = read_number(request, "offset", 0, OFFSET_MAX)
    return Page(LIMIT_MAX if limit is None else limit, offset or 0)


def read_positions(request: Request) -> Page:
    """``from`` and ``to`` (positions, from 1, inclusive), or else ``limit`` and ``offset``. Raises BadRequest.

    ``from`` alone shows ``limit`` players; a stretch of more than a hundred shows its first hundred.
    """
    first = read_number(request, "from", 1, OFFSET_MAX)
    last = read_number(request, "to", 1, OFFSET_MAX)
    page = read_page(request)
    if first is None and last is None:
        return page
    start = first or 1
    if last is not None and last < start:
        raise BadRequest("bad_parameter", ["from", "to"])
    return Positions(min(LIMIT_MAX, last - start + 1) if last is not None else page.limit, start - 1)


def read_number(request: Request, name: str, lowest: int, highest: int) -> int | None:
    """A whole number from the query in ASCII digits, or None. Raises BadRequest."""
    text = read_parameter(request, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and lowest <= int(text) <= highest):
        raise BadRequest("bad_parameter", [name])
    return int(text)


def read_parameter(request: Request, name: str) -> str | None:
    """A parameter of the query, or None. One that is given twice means nothing: raises BadRequest."""
    value: Any = request.params.get(name)
    if isinstance(value, list):
        raise BadRequest("bad_parameter", [name])
    return None if value is None else str(value)
