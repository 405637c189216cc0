"""The picture of a drill: events, values and alarms each have a place of their own."""

from cloudwatch.alarm.state import AlarmState, Transition
from local.drill.clock import BASE, MINUTE
from local.drill.timeline import TimelineRow
from local.drill.timeline_picture import timeline_figure
from tests.alarms.pictures.looks import (
    assert_lines_differ,
    assert_nothing_stands_on_the_data,
    assert_threshold_is_seen,
    lines_of,
    texts_of,
)

TARGET = 10.0
ALARM = "TargetTracking-anb-worker-asg-AlarmHigh-anb-worker-backlog"
EVENTS = {1: "burst of 60 uploads", 3: "zone us-east-1a lost with 2 jobs in work", 9: "players go home"}


def row(minute: int) -> TimelineRow:
    """The backlog equals its target. Nothing is published in minute 5. The alarm fires in minutes 2 to 8."""
    published = None if minute == 5 else TARGET
    states = {2: (AlarmState.OK, AlarmState.ALARM), 8: (AlarmState.ALARM, AlarmState.OK)}
    changes = [Transition(BASE + minute * MINUTE, ALARM, *states[minute], "")] if minute in states else []
    return TimelineRow(
        minute,
        *(published, published, published),
        *(2, 2, minute),
        changes=tuple(changes),
        story_event=EVENTS.get(minute, ""),
    )


def test_the_timeline_says_what_it_shows_and_nothing_stands_on_its_data() -> None:
    figure = timeline_figure([row(minute) for minute in range(1, 12)], TARGET)
    story, queue, backlog, workers, processed, alarms = figure.axes
    assert [text.get_text().strip() for text in story.texts] == list(EVENTS.values())
    assert not lines_of(story), "the events have a panel without data"
    assert all(axes.get_ylabel() for axes in (queue, backlog, workers, processed))
    assert_lines_differ([*lines_of(queue), *lines_of(workers)])
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["queue: waiting", "queue: in flight", "workers: in service", "workers: desired", "no data"]
    assert_threshold_is_seen(backlog, TARGET)
    assert len(queue.patches) == len(backlog.patches) == 1, "the minute without data is shaded"
    assert [tick.get_text() for tick in alarms.get_yticklabels()] == ["TargetTracking-anb…AlarmHigh-anb-worker-backlog"]
    assert [(bar.get_x(), bar.get_width()) for bar in alarms.patches] == [(1, 10), (2, 6)]  # type: ignore[attr-defined]
    assert "OK or INSUFFICIENT_DATA" in texts_of(figure)
    assert_nothing_stands_on_the_data(figure)


def test_a_drill_that_ended_in_its_first_minute_has_a_picture() -> None:
    assert_nothing_stands_on_the_data(timeline_figure([row(1)], TARGET))
