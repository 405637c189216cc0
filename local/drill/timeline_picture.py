"""The timeline of a drill as a picture, over simulated minutes."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alarms.replay import find_episodes
from local.drill.clock import BASE, MINUTE
from local.drill.timeline import TimelineRow

TITLES = ("queue", "backlog per worker", "workers", "videos processed", "in ALARM")
HEIGHTS = (3, 3, 2, 3, 2.5)
RED = "#d62728"


def draw_timeline(rows: Sequence[TimelineRow], target: float, path: Path) -> None:
    """Write a PNG. Each event of the story stands at its minute."""
    figure = Figure(figsize=(12, 12), layout="constrained")
    axes = figure.subplots(len(TITLES), 1, sharex=True, height_ratios=HEIGHTS)
    _draw_work(axes[0], axes[1], rows, target)
    _draw_workers(axes[2], axes[3], rows)
    for each in axes[:4]:
        each.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    _draw_alarms(axes[4], rows)
    for each, title in zip(axes, TITLES, strict=True):
        each.set_title(title, loc="left", fontsize=10)
        each.grid(alpha=0.3)
    _draw_story(axes, rows)
    axes[4].set_xlabel("simulated minutes")
    figure.savefig(path, dpi=110)


def _draw_work(queue: Axes, backlog: Axes, rows: Sequence[TimelineRow], target: float) -> None:
    minutes = [row.minute for row in rows]
    queue.plot(minutes, _gaps([row.waiting for row in rows]), label="waiting")
    queue.plot(minutes, _gaps([row.in_flight for row in rows]), label="in flight")
    backlog.plot(minutes, _gaps([row.backlog for row in rows]), label="backlog per worker")
    backlog.axhline(target, color=RED, linestyle="--", linewidth=1, label=f"target {target:g}")
    for axes in (queue, backlog):
        axes.set_ylim(bottom=0)


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _draw_workers(workers: Axes, processed: Axes, rows: Sequence[TimelineRow]) -> None:
    minutes = [row.minute for row in rows]
    workers.plot(minutes, [r.workers for r in rows], drawstyle="steps-post", label="in service", linewidth=2.5)
    workers.plot(minutes, [r.desired for r in rows], drawstyle="steps-post", label="desired", linestyle="--")
    workers.yaxis.set_major_locator(MaxNLocator(integer=True))
    processed.plot(minutes, [row.processed for row in rows], label="processed")


def _draw_alarms(axes: Axes, rows: Sequence[TimelineRow]) -> None:
    """Draw a bar for each time in ALARM, on a line with the name of the alarm."""
    changes = [change for row in rows for change in row.changes]
    names = list(dict.fromkeys(change.name for change in changes))
    end = BASE + rows[-1].minute * MINUTE
    for line, name in enumerate(names):
        for episode in find_episodes([change for change in changes if change.name == name], end):
            begins, ends = ((at - BASE) / MINUTE for at in (episode.begins, episode.ends))
            axes.barh(line, ends - begins, left=begins, height=0.7, color=RED, alpha=0.35, linewidth=0)
        axes.text(rows[0].minute, line, name, fontsize=7, va="center")
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.set_yticks([])


def _draw_story(axes: Sequence[Axes], rows: Sequence[TimelineRow]) -> None:
    top = axes[0]
    top.set_ylim(top=1.6 * top.get_ylim()[1])  # room for the texts
    told = [row for row in rows if row.story_event]
    for number, row in enumerate(told):
        height = 0.95 - 0.11 * (number % 3)
        place = top.get_xaxis_transform()
        top.text(row.minute, height, f" {row.story_event}", fontsize=8, va="top", transform=place)
        for each in axes:
            each.axvline(row.minute, color="grey", linewidth=0.8, linestyle=":")
