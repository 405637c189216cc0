"""The picture of a simulation tells its contenders apart, and says what and when it shows."""

import pytest
from matplotlib.figure import Figure

from alarms.pictures.line_styles import DISTINCT, line_styles
from alarms.simulate.outcome_picture import outcome_figure
from alarms.simulate.policies import DEFINED, DEPTH_RULES, FIXED
from alarms.simulate.simulated_metrics import SimulatedMetrics
from alarms.simulate.simulation import SimulationOutcome
from tests.alarms.emf_log import BEGIN, NAMESPACE
from tests.alarms.pictures.looks import (
    assert_lines_differ,
    assert_nothing_stands_on_the_data,
    assert_threshold_is_seen,
    lines_of,
    texts_of,
)

MINUTES, TARGET = 120, 10.0
ORIGIN = "uploads: 3 of 3 in the log; processing times: mean 30 s, coefficient of variation 0.4, as given"


def drawn(*contenders: str, begins: float | None = None) -> Figure:
    """All contenders have the same values, and the backlog per worker equals its target."""
    outcomes = []
    for name in contenders:
        metrics = SimulatedMetrics(NAMESPACE)
        for _ in range(MINUTES):
            metrics.publish({"QueueDepth": 20, "MessagesInFlight": 1, "Workers": 2, "BacklogPerWorker": TARGET})
        outcomes.append(SimulationOutcome(name, metrics=metrics))
    return outcome_figure(outcomes, TARGET, subtitle=ORIGIN, begins=begins)


@pytest.mark.parametrize("contenders", [(DEFINED, DEPTH_RULES, FIXED), tuple("abcde"), ("alone",)])
def test_contenders_with_equal_values_are_told_apart_in_every_panel(contenders: tuple[str, ...]) -> None:
    figure = drawn(*contenders)
    for axes in figure.axes:
        lines = lines_of(axes)
        assert_lines_differ(lines)
        widths = [line.get_linewidth() for line in lines]
        assert widths == sorted(widths, reverse=True), "a line above another one leaves it visible"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(contenders)
    assert_threshold_is_seen(figure.axes[2], TARGET)
    assert_nothing_stands_on_the_data(figure)


def test_the_first_styles_all_differ() -> None:
    styles = {(str(style.dashes), style.marker) for style in line_styles(DISTINCT)}
    assert len(styles) == DISTINCT


def test_axes_have_units_and_a_trace_has_dates() -> None:
    figure = drawn("one", "two", begins=BEGIN)
    assert [axes.get_ylabel().splitlines()[0] for axes in figure.axes] == [
        "videos waiting or in work",
        "workers in service",
        "BacklogPerWorker",
    ]
    assert all(axes.get_ylabel().endswith("\nvalue of each minute\nCount") for axes in figure.axes)
    assert figure.axes[2].get_xlabel() == "UTC, 2026-01-01 00:00 to 2026-01-01 02:00"
    assert ORIGIN in texts_of(figure).replace("\n", " ")


def test_made_up_uploads_have_hours_without_a_date() -> None:
    axes = drawn("one").axes[2]
    assert axes.get_xlabel() == "simulated hours (no date: the uploads are made up)"
    assert axes.get_xlim() == (0, 2)
