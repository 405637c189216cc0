"""Looks at a figure as a reader does: its texts, its lines, and what stands on its data."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox


def texts_of(figure: Figure) -> str:
    """Every visible text of the figure, a line for each."""
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return "\n".join(text.get_text() for text in found if isinstance(text, Text))


def lines_of(axes: Axes) -> list[Line2D]:
    """The lines of data, without those across the whole panel."""
    return [line for line in axes.get_lines() if line.get_transform() == axes.transData]


def assert_nothing_stands_on_the_data(figure: Figure) -> None:
    """Legends, titles and labels of thresholds lie within the figure, outside of all axes, and not on each other."""
    renderer = _drawn(figure)
    panels = [axes.get_window_extent(renderer) for axes in figure.axes if axes.axison]
    labels = [text for axes in figure.axes for text in axes.texts if isinstance(text, Annotation)]
    beside = [each.get_window_extent(renderer) for each in (*figure.legends, *figure.texts, *labels)]
    for number, box in enumerate(beside):
        assert not any(_overlap(box, other) for other in (*panels, *beside[:number]))
        assert figure.bbox.padded(1).contains(box.x0, box.y0)
        assert figure.bbox.padded(1).contains(box.x1, box.y1)


def assert_lines_differ(lines: Sequence[Line2D]) -> None:
    """By dash and marker together, so also without colours."""
    styles = {(str(line._dash_pattern), line.get_marker()) for line in lines}  # type: ignore[attr-defined]
    assert len(styles) == len(lines)


def assert_threshold_is_seen(axes: Axes, value: float) -> None:
    """It is dashed and drawn above the data, and its value stands at its height, right of the panel."""
    (threshold,) = (line for line in axes.get_lines() if list(line.get_ydata()) == [value, value])  # type: ignore[arg-type]
    assert threshold.is_dashed()
    assert all(line.get_zorder() < threshold.get_zorder() for line in lines_of(axes))
    (label,) = (text for text in axes.texts if isinstance(text, Annotation))
    assert f"{value:,.12g}" in label.get_text()
    assert label.xy == (1, value)


def _drawn(figure: Figure) -> RendererBase:
    """The renderer of the figure, after the layout was computed."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    renderer: RendererBase = canvas.get_renderer()  # type: ignore[no-untyped-call]
    return renderer


def _overlap(one: Bbox, other: Bbox) -> bool:
    return min(one.width, one.height) > 0 and one.overlaps(other)
