"""Styles of lines that differ in dash and marker, not only in colour."""

from dataclasses import dataclass
from typing import Any

# Okabe and Ito, "Color Universal Design": told apart with every kind of colour blindness. Vermilion is left to ALARM.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (5, 1.2, 1, 1.2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DISTINCT = len(DASHES) * len(MARKERS)  # pairs of dash and marker

WIDEST_POINTS, NARROWEST_POINTS, STEP_POINTS = 3.4, 1.4, 0.5
EVERY_POINT_MARKED_MAX = 40
MARKERS_APART = 0.13  # of the diagonal of the axes, where not every point is marked


@dataclass(frozen=True, slots=True)
class LineStyle:
    """The style of one line. ``first_marker`` None: there are only markers if there are few points."""

    colour: str
    dashes: Any
    marker: str
    width_points: float
    first_marker: float | None

    def options(self, points: int) -> dict[str, Any]:
        """The arguments of matplotlib's ``plot`` for a line of that many points."""
        each_is_marked = points <= EVERY_POINT_MARKED_MAX
        return {
            "color": self.colour,
            "linestyle": self.dashes,
            "linewidth": self.width_points,
            "marker": self.marker if each_is_marked or self.first_marker is not None else "",
            "markersize": 4.5,
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
            "markevery": 1 if each_is_marked else (self.first_marker or 0.0, MARKERS_APART),
        }


LINE_ALONE = LineStyle(COLOURS[0], DASHES[0], MARKERS[0], width_points=2.0, first_marker=None)
OTHER_LINE = LineStyle("#9E9E9E", DASHES[0], "", width_points=0.6, first_marker=None)


def line_styles(count: int) -> list[LineStyle]:
    """Styles for the lines of one panel. The first DISTINCT ones differ in dash or marker.

    Later lines are narrower, and their markers lie beside those of others. So a line that equals another one does not
    hide it.
    """
    return [LINE_ALONE] if count == 1 else [_style(number) for number in range(count)]


def _style(number: int) -> LineStyle:
    return LineStyle(
        colour=COLOURS[number % len(COLOURS)],
        dashes=DASHES[number % len(DASHES)],
        marker=MARKERS[number % len(MARKERS)],
        width_points=max(NARROWEST_POINTS, WIDEST_POINTS - STEP_POINTS * number),
        first_marker=0.01 + MARKERS_APART / len(DASHES) * (number % len(DASHES)),
    )
