"""Spans of time. A metric source gives one value for each span."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

Span = tuple[int, int]  # [start, end) in seconds since the epoch


@dataclass(frozen=True, slots=True)
class SlidingSpans(Sequence[Span]):
    """``number`` spans of ``length`` seconds; the first begins at ``start``, and the others ``step`` seconds apart.

    They can be used like a list. Their fields describe the pattern, so a week of spans takes little memory and time.
    """

    start: int
    length: int
    step: int
    number: int

    def __len__(self) -> int:
        return self.number

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> list[Span]: ...
    def __getitem__(self, index: int | slice) -> Span | list[Span]:
        starts = range(self.start, self.start + self.number * self.step, self.step)[index]
        if isinstance(starts, int):
            return starts, starts + self.length
        return [(start, start + self.length) for start in starts]

    def __iter__(self) -> Iterator[Span]:
        return iter(self[:])
