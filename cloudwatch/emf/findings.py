"""The findings of a reader about the lines of a log, counted by kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

KINDS_MAX = 100  # a file with more kinds of lines is not a log of EMF
EXCERPT_CHARACTERS_MAX = 80

MORE_KINDS = "something else"


class LineKind(StrEnum):
    """The way in which CloudWatch handles a line."""

    VIOLATION = "no metric"  # it is meant as an EMF document, but CloudWatch makes no metric of it
    DROPPED = "dropped"  # CloudWatch drops its values because of their time
    REMARK = "remark"  # CloudWatch makes the metric, though the specification does not allow it
    OTHER = "no EMF"  # it is not an EMF document


@dataclass(slots=True)
class LineFinding:
    """All lines with the same finding. ``place`` is that of the first: ``line 3`` or ``file:3``."""

    kind: LineKind
    reason: str
    place: str
    excerpt: str
    lines: int = 1

    @property
    def text(self) -> str:
        """The finding without its place."""
        more = f" ({self.lines} such lines)" if self.lines > 1 else ""
        return f"{self.reason}{more}: {self.excerpt}"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Findings:
    """The findings of a log, each kind once, in the order of their first lines."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[LineKind, str], LineFinding] = {}

    def __iter__(self) -> Iterator[LineFinding]:
        return iter(self._kinds.values())

    def note(self, kind: LineKind, reason: str, place: str, line: str) -> None:
        """Count one line. Beyond KINDS_MAX kinds, it is only counted as MORE_KINDS."""
        key = kind, reason
        if key not in self._kinds and len(self._kinds) >= KINDS_MAX:
            key = kind, MORE_KINDS
        known = self._kinds.get(key)
        if known:
            known.lines += 1
        else:
            self._kinds[key] = LineFinding(kind, key[1], place, excerpt(line))

    def of(self, *kinds: LineKind) -> list[LineFinding]:
        return [finding for finding in self if finding.kind in kinds]

    def summary(self) -> str:
        """How many lines of each kind there are, for a log without any document."""
        return ", ".join(f"{found.lines} × {found.reason}" for found in self) or "no line at all"

    def lines(self, *kinds: LineKind) -> int:
        """How many lines have a finding of these kinds. A line may have several remarks."""
        return sum(finding.lines for finding in self.of(*kinds))


def excerpt(line: str) -> str:
    """The beginning of a line, without characters that cannot be printed."""
    begin = " ".join(line[: 2 * EXCERPT_CHARACTERS_MAX].split())
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in begin)
    return shown if len(shown) <= EXCERPT_CHARACTERS_MAX else f"{shown[: EXCERPT_CHARACTERS_MAX - 1]}…"
