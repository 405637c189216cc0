"""Rows of coloured stretches over time, such as the states of alarms, with a legend of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cloudwatch.alarm.state import AlarmState

BAR_HEIGHT = 0.76  # of the height of a row
NAME_BEGINS, NAME_ENDS = 18, 28  # characters of a long name that are shown; names often differ at their ends


@dataclass(frozen=True, slots=True)
class Fill:
    """How a stretch looks. Fills differ in lightness or hatching, not only in colour."""

    meaning: str
    colour: str
    hatch: str = ""


OK = Fill("OK", "#BFE5D8")
IN_ALARM = Fill("ALARM", "#C44601")
NOT_IN_ALARM = Fill("OK or INSUFFICIENT_DATA", "#E5EFEB")
INSUFFICIENT_DATA = Fill("INSUFFICIENT_DATA", "#D9D9D9", "////")
NOT_KNOWN = Fill("not known", "white", "xxx")
NOT_REPLAYED = Fill("not replayed", "white", "...")
MUTED = Fill("actions muted", "#4D4D4D")
FILLS = {
    AlarmState.OK: OK,
    AlarmState.ALARM: IN_ALARM,
    AlarmState.INSUFFICIENT_DATA: INSUFFICIENT_DATA,
    None: NOT_KNOWN,
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time on the horizontal axis, in its units, and its fill."""

    begins: float
    ends: float
    fill: Fill


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row: its name stands left of the axes."""

    name: str
    stretches: Sequence[Stretch]


def draw_state_rows(axes: Axes, rows: Sequence[StateRow]) -> None:
    """Draw one row below the other. ALARM is drawn last and with an edge, so that a short one is seen as well."""
    for number, row in enumerate(rows):
        for stretch in sorted(row.stretches, key=lambda each: each.fill is IN_ALARM):
            axes.barh(
                number,
                stretch.ends - stretch.begins,
                left=stretch.begins,
                height=BAR_HEIGHT,
                color=stretch.fill.colour,
                hatch=stretch.fill.hatch,
                edgecolor=stretch.fill.colour if stretch.fill is IN_ALARM else "#8C8C8C",
                linewidth=1.0 if stretch.fill is IN_ALARM else 0.0,
            )
    axes.set_yticks(range(len(rows)), [_one_line(row.name) for row in rows], fontsize=8)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.tick_params(left=False)
    axes.spines[["left", "right", "top"]].set_visible(False)


def _one_line(name: str) -> str:
    is_long = len(name) > NAME_BEGINS + NAME_ENDS + 1
    return f"{name[:NAME_BEGINS]}…{name[-NAME_ENDS:]}" if is_long else name


def add_fill_legend(figure: Figure, fills: Iterable[Fill]) -> None:
    """Explain the fills below the axes."""
    handles = [Patch(facecolor=f.colour, hatch=f.hatch, edgecolor="#8C8C8C", label=f.meaning) for f in fills]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False, fontsize=8)
