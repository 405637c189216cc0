"""Documents that CloudWatch drops because of their time are reported, and do not change the range of the log."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.emf import EmfReader, LineKind
from tests.cloudwatch.emf.emf_documents import TIMESTAMP_MS, directive, document

SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000


def line(timestamp_ms: int) -> str:
    return json.dumps(document(_aws={"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive()]}))


def read(times: Sequence[int]) -> tuple[list[int], list[str]]:
    """The times of accepted documents, in milliseconds after TIMESTAMP_MS, and the places of dropped ones."""
    reader = EmfReader()
    taken = [point.timestamp_ms for point in reader.scan_datapoints(line(TIMESTAMP_MS + time) for time in times)]
    assert reader.documents == len(taken)
    assert reader.documents + reader.findings.lines(LineKind.DROPPED) == len(times)
    return [time - TIMESTAMP_MS for time in taken], [found.place for found in reader.findings]


MINUTES = [60_000 * minute for minute in range(60)]


def among(odd: int, position: int) -> list[int]:
    return [*MINUTES[:position], odd, *MINUTES[position:]]


@pytest.mark.parametrize("position", [0, 1, 5, 30, 57])
@pytest.mark.parametrize(
    "odd",
    [
        TIMESTAMP_MS // 1000 - TIMESTAMP_MS,  # in seconds
        TIMESTAMP_MS * 1000 - TIMESTAMP_MS,  # in microseconds
        TIMESTAMP_MS * 1_000_000 - TIMESTAMP_MS,  # in nanoseconds
        -TIMESTAMP_MS,  # 0
        -15 * DAY,
        -400 * DAY,
        4 * HOUR,
        30 * DAY,
        3000 * DAY,
    ],
)
def test_a_single_line_out_of_time_is_dropped_and_named(odd: int, position: int) -> None:
    taken, dropped = read(among(odd, position))
    assert sorted(taken) == MINUTES
    assert dropped == [f"line {position + 1}"]


@pytest.mark.parametrize("odd", [-13 * DAY, -HOUR, HOUR + 59 * 60_000])
def test_a_line_within_the_limits_of_cloudwatch_is_taken(odd: int) -> None:
    taken, dropped = read(among(odd, 30))
    assert sorted(taken) == sorted(among(odd, 30))
    assert dropped == []


@pytest.mark.parametrize("pause", [3 * HOUR, 5 * DAY, 60 * DAY])
@pytest.mark.parametrize("before", [1, 5, 60])
@pytest.mark.parametrize("behind", [1, 5, 60])
def test_a_log_may_have_a_pause(pause: int, before: int, behind: int) -> None:
    times = [*MINUTES[:before], *(pause + HOUR + minute for minute in MINUTES[:behind])]
    taken, dropped = read(times)
    if pause < 14 * DAY or before >= 10:
        assert (sorted(taken), dropped) == (times, [])
    else:  # a few lines long before the others may be a mistake, so either result is right
        assert set(times[before:]) <= set(taken)


def test_a_line_that_comes_late_after_a_pause_does_not_undo_it() -> None:
    times = [*MINUTES, 5 * HOUR, MINUTES[-1], *(5 * HOUR + minute for minute in MINUTES)]
    taken, dropped = read(times)
    assert (sorted(taken), dropped) == (sorted(times), [])


@pytest.mark.parametrize("lines", [1, 5])
def test_old_lines_at_the_end_of_a_log_are_dropped(lines: int) -> None:
    """Old lines that arrived after all others have a wrong time. Lines far ahead may be the first after a pause."""
    taken, dropped = read([*MINUTES, *[-15 * DAY] * lines])
    assert (taken, dropped) == (MINUTES, ["line 61"])
    assert read([*MINUTES, *[15 * DAY] * lines])[1] == []


def test_a_log_may_have_a_line_every_few_hours() -> None:
    times = [3 * HOUR * number for number in range(100)]
    assert read(times) == (times, [])


@pytest.mark.parametrize("later", [20 * DAY, -20 * DAY, DAY, -DAY])
def test_two_logs_may_stand_behind_each_other(later: int) -> None:
    times = [*MINUTES, *(later + minute for minute in MINUTES)]
    assert read(times) == (times, [])


def test_several_lines_out_of_time_are_dropped() -> None:
    times = list(MINUTES)
    for position in (3, 20, 21, 40):
        times[position] += 30 * DAY
    taken, dropped = read(times)
    assert taken == [time for time in times if time < DAY]
    assert dropped == ["line 4"]  # the place of the first one of the kind


def test_if_most_lines_are_in_seconds_the_others_remain() -> None:
    seconds = TIMESTAMP_MS // 1000 - TIMESTAMP_MS
    taken, _ = read([seconds, seconds, *MINUTES[:2], seconds, seconds, seconds])
    assert taken == MINUTES[:2]


@given(st.lists(st.integers(-13, 13), max_size=40))
def test_no_line_of_the_last_days_is_dropped_if_the_log_never_jumps_ahead(steps: list[int]) -> None:
    """The lines of several processes are not in order. None is more than an hour ahead of the latest before it."""
    latest, times = MINUTES[9], MINUTES[:10]
    for step in steps:
        times.append(latest + (step * DAY if step < 0 else step * HOUR // 14))
        latest = max(latest, times[-1])
    taken, dropped = read(times)
    assert (sorted(taken), dropped) == (sorted(times), [])


@pytest.mark.parametrize(
    ("days", "hours", "is_taken"), [(-13, 0, True), (-15, 0, False), (0, 1.9, True), (0, 2.1, False), (-60, 0, False)]
)
def test_a_line_with_a_time_of_ingestion_is_compared_with_that_time(days: int, hours: float, is_taken: bool) -> None:
    """This holds for a single line, and after a pause of months."""
    arrived = TIMESTAMP_MS - days * DAY - round(hours * HOUR)
    event = {"timestamp": TIMESTAMP_MS, "message": line(TIMESTAMP_MS), "ingestionTime": arrived}
    reader = EmfReader()
    assert len(list(reader.scan([json.dumps(event)]))) == is_taken
    assert reader.findings.lines(LineKind.DROPPED) == (not is_taken)


def test_the_time_of_ingestion_has_priority_over_the_time_in_a_prefix() -> None:
    prefixed = f"2020-01-01T00:00:00Z INFO {line(TIMESTAMP_MS)}"
    event = {"timestamp": TIMESTAMP_MS, "message": prefixed, "ingestionTime": TIMESTAMP_MS}
    assert list(EmfReader().scan([json.dumps(event)]))


def test_a_time_without_a_zone_in_a_prefix_is_not_used() -> None:
    reader = EmfReader()
    assert list(reader.scan([f"2020-01-01T00:00:00 INFO {line(TIMESTAMP_MS)}"]))
    assert not list(reader.scan([f"2020-01-01T00:00:00Z INFO {line(TIMESTAMP_MS)}"]))
