"""The store of metrics returns the values that CloudWatch would return for the same log, and loses nothing."""

import json
import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.emf import Datapoint, EmfReader, EmfViolation
from cloudwatch.metric import MetricId
from cloudwatch.spans import SlidingSpans
from cloudwatch.statistics import parse_statistic
from cloudwatch.store import ROWS_MAX, ROWS_WAITING_MAX, MetricStore
from cloudwatch.value_file import READ_VALUES, WAITING_MAX
from tests.cloudwatch.emf.emf_documents import TIMESTAMP_MS, directive, document

LATENCY = MetricId.of("Shop", "Latency", {"Service": "api"})
ERRORS = MetricId.of("Shop", "Errors", {"Service": "api"})
SIMPLE = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


def point(
    second: float, *values: float, metric: MetricId = LATENCY, unit: str = "Milliseconds", resolution: int = 60
) -> Datapoint:
    return Datapoint(metric, unit, round(second * 1000), values, resolution)


def store_of(*points: Datapoint, distributions: Sequence[MetricId] | None = None) -> MetricStore:
    store = MetricStore(distributions)
    for each in points:
        store.add(each)
    return store


def values_of(store: MetricStore, statistic: str, period: int, end: int, unit: str | None = None) -> list[float | None]:
    series = store.series(LATENCY, statistic, period, 0, end, unit)
    assert (series.start, series.period, series.end) == (0, period, end)
    return list(series.values)


def test_a_log_becomes_metrics() -> None:
    metrics = [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Errors", "Unit": "Count"}]
    lines = [json.dumps(document(directive(Metrics=metrics), Latency=[1, 3], Errors=0)) for _ in range(2)]
    store = MetricStore.from_lines(lines)
    minute = TIMESTAMP_MS // 60_000 * 60
    assert set(store.metrics()) == {LATENCY, ERRORS}
    assert store.series(LATENCY, "p50", 60, minute, minute + 60).values == (1,)
    assert store.series(LATENCY, "SampleCount", 60, minute, minute + 60).values == (4,)
    assert store.series(ERRORS, "Sum", 60, minute, minute + 60).values == (0,)


def test_a_broken_log_is_refused() -> None:
    with pytest.raises(EmfViolation, match="line 2"):
        MetricStore.from_lines([json.dumps(document()), "{"])


def test_a_period_includes_its_start_and_excludes_its_end() -> None:
    store = store_of(point(0, 1), point(59.999, 2), point(60, 4), point(119.999, 8), point(300, 16))
    assert values_of(store, "Sum", 60, 360) == [3, 12, None, None, None, 16]
    assert values_of(store, "Sum", 120, 360) == [15, None, 16]
    assert values_of(store, "Sum", 360, 720) == [31, None]


def test_a_gap_is_not_a_zero() -> None:
    assert values_of(store_of(point(60, 0)), "Sum", 60, 180) == [None, 0, None]
    assert values_of(store_of(point(60, 0)), "SampleCount", 60, 180) == [None, 1, None]


def test_a_series_has_only_the_periods_of_the_range() -> None:
    store = store_of(*(point(60 * minute, minute) for minute in range(10)))
    assert store.series(LATENCY, "Sum", 60, 180, 300).values == (3, 4)
    assert store.series(LATENCY, "Sum", 60, 300, 300).values == ()


def test_a_statistic_covers_all_values_of_a_period_not_the_statistics_of_its_minutes() -> None:
    store = store_of(point(0, 1, 1, 1, 1, 1, 1, 1, 1, 1), point(60, 100))
    assert values_of(store, "Average", 120, 120) == [10.9]
    assert values_of(store, "p90", 120, 120) == [1]


def test_regular_resolution_is_kept_by_the_minute_and_high_resolution_by_the_second() -> None:
    regular = store_of(point(10, 1), point(35, 2))
    high = store_of(point(10.5, 1, resolution=1), point(35, 2, resolution=1))
    assert values_of(regular, "Sum", 10, 60) == [3, None, None, None, None, None]
    assert values_of(high, "Sum", 10, 60) == [None, 1, None, 2, None, None]
    assert values_of(high, "Sum", 1, 12) == [*[None] * 10, 1, None]
    assert values_of(regular, "Sum", 60, 60) == values_of(high, "Sum", 60, 60) == [3]


def test_values_of_both_resolutions_of_one_metric_count() -> None:
    store = store_of(point(70, 1, resolution=1), point(70, 2), point(61, 4, resolution=1))
    assert values_of(store, "Sum", 60, 120) == [None, 7]


def test_another_dimension_is_another_metric() -> None:
    worker = MetricId.of("Shop", "Latency", {"Service": "worker"})
    both = MetricId.of("Shop", "Latency", {"Service": "api", "Route": "/"})
    store = store_of(point(0, 1), point(0, 2, metric=worker), point(0, 4, metric=both))
    assert values_of(store, "Sum", 60, 60) == [1]
    assert store.series(worker, "Sum", 60, 0, 60).values == (2,)


def test_an_unknown_metric_or_unit_gives_only_gaps() -> None:
    store = store_of(point(0, 1))
    assert store.series(ERRORS, "Sum", 60, 0, 120).values == (None, None)
    assert values_of(store, "Sum", 60, 120, unit="Seconds") == [None, None]
    assert list(MetricStore().metrics()) == []


def test_a_unit_selects_the_values_that_were_published_in_it() -> None:
    store = store_of(point(0, 500), point(0, 2, unit="Seconds"), point(60, 3, unit="Seconds"))
    assert values_of(store, "Sum", 60, 120, unit="Milliseconds") == [500, None]
    assert values_of(store, "Sum", 60, 120, unit="Seconds") == [2, 3]
    assert store.units(LATENCY) == {"Milliseconds", "Seconds"}
    assert store.units(ERRORS) == frozenset()


@pytest.mark.parametrize("order", [1, -1])
def test_without_a_unit_values_of_several_units_are_not_mixed(order: int) -> None:
    """LocalStack observed on AWS: milliseconds have priority over seconds, and a count has priority over both."""
    points = [point(0, 60_000), point(0, 60, unit="Seconds")][::order]
    assert values_of(store_of(*points), "Sum", 60, 60) == [60_000]
    assert values_of(store_of(*points, point(0, 5, unit="Count")), "Sum", 60, 60) == [5]


@pytest.mark.parametrize(("period", "start", "end"), [(60, 30, 90), (60, 0, 90), (60, 30, 60), (300, 60, 300)])
def test_a_range_that_is_not_aligned_to_the_period_is_refused(period: int, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="whole number of periods"):
        MetricStore().series(LATENCY, "Sum", period, start, end)


@pytest.mark.parametrize("period", [0, -60])
def test_a_period_lasts_at_least_a_second(period: int) -> None:
    with pytest.raises(ValueError, match="period"):
        MetricStore().series(LATENCY, "Sum", period, 0, 60)


def test_a_statistic_that_does_not_exist_is_refused_even_without_data() -> None:
    with pytest.raises(ValueError, match="'p101'"):
        MetricStore().series(LATENCY, "p101", 60, 0, 60)


def test_without_distributions_a_metric_has_the_simple_statistics_only() -> None:
    points = [point(0, 3, 1), point(59, 8), point(60, -2), point(5, 0, metric=ERRORS)]
    store = store_of(*points, distributions=[ERRORS])
    for statistic in SIMPLE:
        assert values_of(store, statistic, 120, 240) == values_of(store_of(*points), statistic, 120, 240)
    with pytest.raises(ValueError, match=r"p99 of Shop Latency {Service=api} needs its distribution"):
        values_of(store, "p99", 60, 60)
    assert store.series(ERRORS, "p99", 60, 0, 60).values == (0,)


datapoints = st.builds(
    point,
    st.integers(0, 600) | st.floats(0, 600),
    st.floats(0, 100) | st.integers(0, 3),
    st.integers(0, 3),
    resolution=st.sampled_from((1, 60)),
)


@given(st.lists(datapoints, max_size=40), st.sampled_from((1, 10, 60, 300)), st.sampled_from((*SIMPLE, "p50", "tm90")))
def test_values_are_found_in_their_period_for_any_order_of_arrival(
    points: list[Datapoint], period: int, statistic: str
) -> None:
    expected = []
    for start in range(0, 600, period):
        stored = (
            (each.timestamp_ms // 1000 // each.storage_resolution * each.storage_resolution, each) for each in points
        )
        inside = [value for time, each in stored if start <= time < start + period for value in each.values]
        expected.append(parse_statistic(statistic).of(inside))
    for store in (store_of(*points), store_of(*points, distributions=() if statistic in SIMPLE else None)):
        assert values_of(store, statistic, period, 600) == pytest.approx(expected)
        store.add(point(0, 1))  # late, after a query
        store.add(point(0, 5))
        store.add(point(599, 5))
        assert values_of(store, "SampleCount", 600, 600) == [
            2 * len([p for p in points if p.timestamp_ms < 600_000]) + 3
        ]


def test_values_are_found_in_the_file_wherever_their_minutes_lie() -> None:
    """The values alternate between two metrics, with minutes in any order. A query writes all of them to the file."""
    chance, store = random.Random(1), MetricStore()
    expected: dict[tuple[MetricId, int], list[float]] = {}
    for _ in range(600):
        metric, minute = chance.choice((LATENCY, ERRORS)), chance.randrange(5)
        values = tuple(chance.random() for _ in range(chance.choice((1, 10, 30))))
        expected.setdefault((metric, minute), []).extend(values)
        store.add(point(60 * minute, *values, metric=metric))
        if chance.random() < 0.2:
            store.series(metric, "p90", 60, 0, 60)  # a query sorts
    for metric, name in product((LATENCY, ERRORS), ("p10", "p50", "p90")):
        percentile = parse_statistic(name)
        found = store.series(metric, name, 60, 0, 300).values
        assert found == tuple(percentile.of(expected[metric, minute]) for minute in range(5))
        both = expected[metric, 3] + expected[metric, 4]
        assert store.series(metric, name, 180, 180, 360).values == (percentile.of(both),)


def test_windows_of_several_minutes_slide_over_all_their_values() -> None:
    chance, store = random.Random(4), MetricStore()
    expected: dict[int, list[float]] = {minute: [] for minute in range(14)}
    for minute in chance.choices([minute for minute in expected if minute not in (6, 7, 8, 9)], k=200):
        expected[minute].append(-1 if minute == 12 else chance.choice((0.2, 0.5, 0.7, chance.random())))
        store.add(point(60 * minute + chance.random() * 59, expected[minute][-1]))
    for minutes, step in ((1, 1), (3, 1), (3, 2), (2, 5), (5, 1)):
        firsts = range(0, 14 - minutes, step)
        spans = SlidingSpans(0, 60 * minutes, 60 * step, len(firsts))
        windows = [[v for minute in range(first, first + minutes) for v in expected[minute]] for first in firsts]
        for name in ("p90", "TC(0.2:0.7)", "TC(:0.5)", "PR(0.5:)", "TC(:50%)", "TS(:0.5)"):
            found = store.values(LATENCY, name, spans)
            assert found == [parse_statistic(name).of(window) for window in windows]


def record_of(second: float, latency: float, errors: float) -> str:
    metrics = [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1}, {"Name": "Errors", "Unit": "Count"}]
    aws = {"Timestamp": TIMESTAMP_MS + round(second * 1000), "CloudWatchMetrics": [directive(Metrics=metrics)]}
    return json.dumps(document(_aws=aws, Latency=latency, Errors=errors))


def test_documents_are_kept_like_their_datapoints() -> None:
    """The documents have both resolutions, come in any order, and are more than fit into one batch."""
    chance = random.Random(2)
    lines = [record_of(chance.randrange(240), chance.random(), chance.randrange(3)) for _ in range(3 * ROWS_MAX)]
    lines += [record_of(7, chance.random(), 1) for _ in range(ROWS_MAX + 1)]
    single, batched, reader = MetricStore.from_lines(lines), MetricStore(), EmfReader()
    for record in reader.scan(lines):
        batched.add_record(record)
    minute = TIMESTAMP_MS // 60_000 * 60
    for metric, period in ((LATENCY, 1), (LATENCY, 60), (ERRORS, 1), (ERRORS, 60)):
        for statistic in (*SIMPLE, "p90", "tm50"):
            expected = single.series(metric, statistic, period, minute, minute + 360).values
            found = batched.series(metric, statistic, period, minute, minute + 360).values
            assert found == pytest.approx(expected)
    assert batched.extent() == single.extent()


def kept_bytes(store: MetricStore, seconds: Sequence[int]) -> int:
    tracemalloc.start()
    try:
        for second in seconds:
            store.add(point(second, 0.5))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("minutes_late", [0, 60])
def test_values_for_percentiles_take_memory_for_one_window_only(minutes_late: int) -> None:
    """They are three times the values that may wait in memory."""
    chance, store = random.Random(3), MetricStore()
    minutes, together = 120, 3 * WAITING_MAX // 120 // 4
    added: dict[int, list[float]] = {minute: [] for minute in range(minutes + 60)}
    spans = SlidingSpans(0, 300, 60, minutes + 55)
    with peak_bytes() as peak_of_adding:
        for minute in range(minutes):
            for _ in range(4):
                late = minute + 60 - chance.randint(0, minutes_late)
                added[late].append(chance.random())
                store.add(point(60 * late, *[added[late][-1]] * together))
    with peak_bytes() as peak_of_query:
        found = store.values(LATENCY, "p50", spans)
    windows = [[v for minute in range(first, first + 5) for v in added[minute]] for first in range(minutes + 55)]
    assert found == [parse_statistic("p50").of(window) for window in windows]
    assert peak_of_adding() < 8 * WAITING_MAX * 1.25
    # A number takes 24 bytes, and is in three lists: of a run, of the window, and of the window in order.
    assert peak_of_query() < (24 + 8 + 8 + 8) * (together * max(map(len, windows)) + READ_VALUES) + 100_000


def test_few_documents_wait_in_memory_however_their_times_are_mixed() -> None:
    [(streams, _, _)] = EmfReader().scan([record_of(0, 1, 1)])
    store, number = MetricStore(distributions=()), 4 * ROWS_WAITING_MAX
    minutes = 2 * number // ROWS_MAX  # no batch becomes full
    with peak_bytes() as peak:
        for index in range(number):
            store.add_record((streams, 60_000 * (index % minutes), (float(index), index + 0.5)))
    assert store.series(streams.all[0].metric, "SampleCount", 60, 0, 60).values == (number // minutes,)
    assert peak() < 200 * ROWS_WAITING_MAX


@contextmanager
def peak_bytes() -> Iterator[Callable[[], int]]:
    """The peak of the memory that the block allocates, to be asked after it."""
    peak = 0
    tracemalloc.start()
    try:
        yield lambda: peak
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("minute_of", [lambda index: index // 1000, lambda index: index % 20, lambda _: 0])
def test_without_distributions_memory_does_not_grow_with_the_values(minute_of: Callable[[int], int]) -> None:
    seconds = [60 * minute_of(index) for index in range(20_000)]
    assert kept_bytes(MetricStore(distributions=()), seconds) < 80_000


def test_newest_is_the_last_storage_period_of_each_metric_in_any_unit() -> None:
    store = MetricStore()
    for second, unit in ((120, "Count"), (65, "Seconds"), (3, "Count")):
        store.add(Datapoint(LATENCY, unit, second * 1000, (1.0,)))
    assert store.newest() == {LATENCY: 120}
