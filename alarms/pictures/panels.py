"""Axes one above the other that share their time axis. Legends and labels stand beside the data, never on it."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import cast

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from alarms.pictures.line_styles import LineStyle
from alarms.wording import utc_minute

DAY = 86_400
WIDTH_INCHES = 12.0
TITLE_CHARACTERS, TEXT_CHARACTERS, LABEL_CHARACTERS = 65, 90, 30
LINES_MAX = 3
ABOVE_DATA = 5
NO_DATA_COLOUR, NO_DATA_EDGE = "#EBEBEB", "#BDBDBD"

# From years to seconds: the form of a tick, and of a tick at which the next larger unit begins.
TICKS = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S"]
TICKS_AT_ZERO = ["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"]


@contextmanager
def plain_texts() -> Iterator[None]:
    """Within this block, a ``$`` in a name is a character, and does not begin a formula."""
    with rc_context({"text.parse_math": False}):
        yield


def new_panels(title: str, subtitle: str, heights_inches: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure with a panel of each height."""
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights_inches) + 1.6), layout="constrained")
    panels = figure.subplots(len(heights_inches), 1, sharex=True, height_ratios=heights_inches, squeeze=False)
    axes: list[Axes] = list(panels[:, 0])
    figure.suptitle(shortened(title, TITLE_CHARACTERS), x=0.01, ha="left", fontsize=13, fontweight="bold")
    axes[0].set_title(subtitle, loc="left", fontsize=9)
    return figure, axes


def shortened(text: str, characters: int) -> str:
    """The text in lines of at most so many characters; what exceeds LINES_MAX lines is replaced by an ellipsis."""
    lines = textwrap.wrap(text, characters, max_lines=LINES_MAX, placeholder=" …")
    return "\n".join(lines)


def label_values(axes: Axes, *lines: str) -> None:
    """Say on the vertical axis what its values are: metric, statistic and period, unit."""
    axes.set_ylabel("\n".join(shortened(line, LABEL_CHARACTERS) for line in lines), fontsize=9)


def draw_line(
    axes: Axes, times: Sequence[float], values: Sequence[float | None], style: LineStyle, name: str
) -> Line2D:
    """Draw a value that holds until the next one. None is a gap."""
    heights = [float("nan") if value is None else value for value in values]
    points = len(values) - values.count(None)
    (line,) = axes.plot(times, heights, drawstyle="steps-post", label=name, **style.options(points))
    return line


def draw_gaps(axes: Axes, times: Sequence[float], ends: float, is_missing: Sequence[bool]) -> bool:
    """Shade the times without any value, which last until the next value or the end; True if there are any."""
    begins = None
    for time, missing in zip((*times, ends), (*is_missing, False), strict=True):
        if missing and begins is None:
            begins = time
        elif not missing and begins is not None:
            axes.axvspan(begins, time, facecolor=NO_DATA_COLOUR, edgecolor=NO_DATA_EDGE, hatch="....", linewidth=0)
            begins = None
    return any(is_missing)


def say_in_the_middle(axes: Axes, text: str) -> None:
    """Write a text where there is nothing else to see."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=11, backgroundcolor="white")


def draw_threshold(axes: Axes, value: float, name: str) -> None:
    """Draw a dashed line above the data, also where both are equal, with its name and value at the right margin."""
    axes.axhline(
        value,
        color="black",
        linestyle=(0, (7, 4)),
        linewidth=1.3,
        zorder=ABOVE_DATA,
        path_effects=[withStroke(linewidth=2.6, foreground="white")],
    )
    axes.annotate(
        f"{name} {value:,.12g}",
        xy=(1, value),
        xycoords=("axes fraction", "data"),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        fontweight="bold",
        annotation_clip=False,
    )


def finish_values(axes: Axes) -> None:
    """Scale the vertical axis: from 0 if nothing is negative, whole numbers for counts, and no power of ten aside."""
    drawn = [y for line in axes.get_lines() for y in cast(Sequence[float], line.get_ydata())]
    heights = [height for height in map(float, drawn) if not math.isnan(height)]
    if min(heights, default=0.0) >= 0:
        highest = max(heights, default=0.0) or 1.0
        axes.set_ylim(-0.03 * highest, 1.08 * highest)
    is_whole = all(height.is_integer() for height in heights)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=is_whole))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.12g}"))
    axes.grid(alpha=0.3)


def add_line_legend(figure: Figure, lines: Iterable[Line2D], has_gaps: bool = False) -> None:
    """Name the lines right of the panels."""
    handles: list[Line2D | Patch] = [*lines]
    if has_gaps:
        handles.append(Patch(facecolor=NO_DATA_COLOUR, edgecolor=NO_DATA_EDGE, hatch="....", label="no data"))
    # All names are given, because matplotlib itself leaves out those that begin with an underscore.
    labels = [shortened(str(handle.get_label()), LABEL_CHARACTERS) for handle in handles]
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9, handlelength=4.5)


def axis_time(seconds: float) -> float:
    """The place of a time (seconds since the epoch) on the axis of ``show_dates``."""
    return seconds / DAY


def show_dates(axes: Axes, start: float, end: float) -> None:
    """Make the horizontal axis one of dates in UTC, from ``start`` to ``end`` (seconds since the epoch)."""
    axes.xaxis_date(UTC)
    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(  # type: ignore[no-untyped-call]
            locator, tz=UTC, formats=TICKS, zero_formats=TICKS_AT_ZERO, show_offset=False
        )
    )
    axes.set_xlim(axis_time(start), axis_time(end))
    axes.set_xlabel(f"UTC, {utc_minute(start)} to {utc_minute(end)}")
