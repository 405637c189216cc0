"""Lists that can grow come in pages: ``limit`` and ``offset``, and ``Link`` headers (RFC 8288) to the other pages.

A call without parameters returns a plain array, as the contract says. A page reads one row more than it shows. That
row tells whether there is a next page, without counting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from falcon import Request, Response

from service.errors import BadRequest

LIMIT_MAX = 100
OFFSET_MAX = 1_000_000
DIGITS_MAX = 9  # a longer number is out of every bound, so it is not read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``limit`` items after the first ``offset``."""

    limit: int
    offset: int

    @property
    def rows(self) -> int:
        """The number of rows to read: one more than the page shows."""
        return self.limit + 1

    def show(
        self, request: Request, response: Response, rows: list[T], *, kept: Mapping[str, str | None] | None = None
    ) -> list[T]:
        """The items of the page. The links to its neighbours go into the header ``Link`` of the answer.

        ``kept`` are the other parameters of the query, which the links repeat. A parameter that was not given is None.
        """
        others = {name: value for name, value in (kept or {}).items() if value is not None}
        for relation, page in self._neighbours(has_next=len(rows) > self.limit).items():
            query = urlencode({**others, **page.parameters()})
            response.append_link(f"{request.uri_template}?{query}", relation)
        return rows[: self.limit]

    def parameters(self) -> dict[str, int]:
        """The parameters of a query for this page."""
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
    """A page of the ranking from one position to another, both included. Positions count from 1."""

    __slots__ = ()

    def parameters(self) -> dict[str, int]:
        return {"from": self.offset + 1, "to": min(self.offset + self.limit, OFFSET_MAX)}


def read_page(request: Request) -> Page:
    """``limit`` (1 to 100) and ``offset``. Without them, the first hundred. Raises BadRequest."""
    limit = read_number(request, "limit", 1, LIMIT_MAX)
    offset = read_number(request, "offset", 0, OFFSET_MAX)
    return Page(LIMIT_MAX if limit is None else limit, offset or 0)


def read_positions(request: Request) -> Page:
    """``from`` and ``to`` (positions, from 1, inclusive), or else ``limit`` and ``offset``. Raises BadRequest.

    ``from`` alone shows ``limit`` players. Of more than a hundred positions, the first hundred are shown.
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
    """A parameter of the query, or None. Raises BadRequest for one that is given twice."""
    value: Any = request.params.get(name)
    if isinstance(value, list):
        raise BadRequest("bad_parameter", [name])
    return None if value is None else str(value)
