"""Every statistic of CloudWatch: the examples of its guide, and comparisons with an independent computation."""

import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.statistics import StatisticColumns, StatisticSet, parse_statistic

TEN = (30, 10, 20, 40, 100, 60, 70, 80, 90, 50)  # not sorted
HUNDRED = tuple(range(1, 101))


def statistic(name: str, values: Sequence[float]) -> float | None:
    return parse_statistic(name).of(values)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SampleCount", 10), ("Sum", 550), ("Average", 55), ("Minimum", 10), ("Maximum", 100)],
)
def test_the_simple_statistics_are_those_of_the_values_and_of_their_set(name: str, value: float) -> None:
    assert statistic(name, TEN) == value
    assert parse_statistic(name).simple.of_runs(StatisticColumns(*zip(StatisticSet.of(TEN))), [(0, 1)]) == [value]
    assert not parse_statistic(name).needs_values


# The sentences are those of "CloudWatch statistics definitions", in the order of the guide.
@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        pytest.param("p95", HUNDRED, 95, id="95 percent of the data is lower than this value (or this value)"),
        pytest.param("tm90", TEN, 50, id="the average after removing the 10% with the highest values"),
        pytest.param("TM(2%:98%)", (-0.0, *HUNDRED[1:99], 9999), 50.5, id="removing the 2% lowest and 2% highest"),
        pytest.param(
            "TM(150:1000)", (1, 150, 151, 1000, 1001), 575.5, id="lower than or equal to 150, higher than 1000"
        ),
        pytest.param("IQM", (1, 2, 3, 4, 50, 60, 70, 800), 29.25, id="the middle 50% of values"),
        pytest.param("wm98", HUNDRED, (5050 - 100 - 99 + 2 * 98) / 100, id="2% treated as the 98th percentile"),
        pytest.param("WM(10%:90%)", (0, *range(20, 100, 10), 9999), 55, id="10% at either end treated as the boundary"),
        pytest.param("PR(:300)", (100, 300, 301, 400), 50, id="a value of 300 or less"),
        pytest.param("PR(100:2000)", (100, 101, 2000, 2001), 50, id="between 100 (exclusive) and 2000 (inclusive)"),
        pytest.param("tc90", TEN, 9, id="not including the highest 10%"),
        pytest.param("TC(0.005:0.030)", (0.005, 0.006, 0.03, 0.031), 2, id="0.005 exclusive, 0.030 inclusive"),
        pytest.param("ts90", TEN, 450, id="the sum without the highest 10%"),
        pytest.param("TS(80%:)", TEN, 190, id="the sum without the lowest 80%"),
        pytest.param("TM(10%:90%)", TEN, 55, id="only the values between the 10th and 90th percentiles"),
        pytest.param("TM(:95%)", HUNDRED, 48, id="from the lowest end up to the 95th percentile"),
        pytest.param("TC(80:500)", (80, 81, 500, 501), 2, id="between 80 (exclusive) and 500 (inclusive)"),
        pytest.param("TC(:0.5)", (0, 0.5, 0.51), 2, id="only the values that equal 0.5 or are lower"),
        pytest.param("TM(10%:)", TEN, 60, id="disregards the lowest 10%"),
        pytest.param("p99", HUNDRED, 99, id="the maximum value of the remaining 99%"),
        pytest.param("tm99", HUNDRED, 50, id="the average of the remaining 99%"),
    ],
)
def test_an_example_of_the_guide_gives_its_result(name: str, values: Sequence[float], expected: float) -> None:
    assert statistic(name, values) == pytest.approx(expected, rel=1e-12)
    assert parse_statistic(name).needs_values


def test_a_winsorized_mean_replaces_values_outside_by_fixed_boundaries() -> None:
    assert statistic("WM(10:100)", (1, 10, 20, 100, 5000)) == (10 + 10 + 20 + 100 + 100) / 5
    assert statistic("WM(10:)", (1, 5000)) == 2505
    assert statistic("WM(:10)", (1, 5000)) == 5.5
    assert statistic("WM(0:10)", (0, 0, 3)) == 1


@pytest.mark.parametrize(("one", "other"), [("tm99", "TM(:99%)"), ("IQM", "TM(25%:75%)"), ("wm98", "WM(:98%)")])
def test_some_names_mean_the_same_statistic(one: str, other: str) -> None:
    squares = [number * number for number in HUNDRED]
    assert statistic(one, squares) == statistic(other, squares)


def test_bins_make_a_histogram() -> None:
    bins = [statistic(name, (0.5, 1, 2, 5, 7, 10, 11, 12)) for name in ("PR(:1)", "PR(1:5)", "PR(5:10)", "PR(10:)")]
    assert bins == [25, 25, 25, 25]


def test_percentages_cut_through_a_value() -> None:
    assert statistic("tc99", TEN) == 9.9
    assert statistic("ts99", TEN) == pytest.approx(450 + 0.9 * 100)
    assert statistic("TC(45%:55%)", (7,)) == pytest.approx(0.1)
    assert statistic("TM(45%:55%)", (7,)) == pytest.approx(7)


@pytest.mark.parametrize(
    ("name", "value"), [("p0", 1), ("p7", 7), ("p7.0000000001", 8), ("p99.99", 100), ("p100", 100)]
)
def test_a_percentile_is_the_value_of_the_nearest_rank(name: str, value: float) -> None:
    """7 percent of 100 values are 7 values, but in floating point 0.07 * 100 is more than 7."""
    assert statistic(name, HUNDRED) == value


def test_boundaries_that_keep_no_value_give_a_count_and_a_sum_but_no_mean() -> None:
    assert [statistic(f"{name}(100:)", (1, 2)) for name in ("TC", "TS", "PR", "TM")] == [0, 0, 0, None]


@pytest.mark.parametrize(
    "name", ["SampleCount", "Sum", "Average", "Minimum", "p50", "tm90", "TC(1:2)", "PR(:1)", "IQM"]
)
def test_no_values_give_no_data(name: str) -> None:
    assert statistic(name, ()) is None


@pytest.mark.parametrize("name", ["p50", "tm90", "WM(1:2)", "TC(:99%)", "TS(1:)", "PR(:1)", "IQM"])
def test_a_negative_value_leaves_only_the_simple_statistics(name: str) -> None:
    assert statistic(name, (0, 1, 2)) is not None
    assert statistic(name, (-1, 1, 2)) is None
    assert statistic("Average", (-1, 1, 3)) == 1


@given(st.lists(st.floats(-1e300, 1e300) | st.floats(-100, 100) | st.integers(-9, 9).map(float), max_size=8))
def test_runs_of_sets_have_exact_sums(totals: list[float]) -> None:
    runs = [(first, last) for last in range(len(totals) + 1) for first in range(last + 1)]
    columns = StatisticColumns([2.0] * len(totals), totals, totals, totals)
    sums = [math.fsum(totals[first:last]) if first < last else None for first, last in runs]
    counts = [2 * (last - first) for first, last in runs]
    averages = [None if total is None else total / count for total, count in zip(sums, counts, strict=True)]
    assert parse_statistic("Sum").simple.of_runs(columns, runs) == sums
    assert parse_statistic("Average").simple.of_runs(columns, runs) == averages


@pytest.mark.parametrize("name", ["p99", "IQM", "TM(1:2)"])
def test_the_other_statistics_cannot_be_computed_from_a_statistic_set(name: str) -> None:
    with pytest.raises(ValueError, match="needs single values"):
        parse_statistic(name).simple.of_runs(StatisticColumns((1,), (1,), (1,), (1,)), [(0, 1)])


@pytest.mark.parametrize(
    "name",
    [
        *("", "average", "AVERAGE", "Avg", "Median", "iqm", "IQM(25%:75%)", "p", "p-1", "p+1", "p1e1", "p.5", "p99."),
        *("p100.1", "p101", "p1000", "P99", " p99", "p99 ", "p99%", "p1.12345678901", "p\u0661", "tm", "tm101", "TM90"),
        *("tm(10%:90%)", "TM(10%)", "TM(10%:90%", "TM()", "TM(:)", "TM(%:90%)", "TM(10%,90%)", "TM(10% : 90%)"),
        *("TM(10:90%)", "TM(10%:90)", "TM(:100.5%)", "TM(90%:10%)", "TM(5%:5%)", "TM(100%:)", "tm0", "TS(:0%)"),
        *("TM(200:100)", "TM(5:5)", "TM(-1:5)", "PR(10%:90%)", "PR(:50%)", "PR(:)", "pr300", "PR(300)", "p99\n"),
        *("TM(1.12345678901:2)", f"PR(:{'9' * 110})", f"p{'0' * 5000}1"),
    ],
)
def test_an_unknown_statistic_is_refused_with_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"is not a statistic|keeps no value|boundaries|more than 100 %") as caught:
        parse_statistic(name)
    assert repr(name) in str(caught.value)


samples = st.lists(st.integers(0, 50) | st.floats(0, 1e6), min_size=1, max_size=12)
percentages = st.decimals(0, 100, places=1)


def between(values: Sequence[float], lower: Fraction, upper: Fraction) -> list[float]:
    """The values between two shares, each value 1000 times, so that no share cuts through a value."""
    copies = [value for value in sorted(values) for _ in range(1000)]
    return copies[int(lower * len(copies)) : int(upper * len(copies))]


@given(samples, percentages, percentages)
def test_percentages_trim_as_if_each_value_were_there_a_thousand_times(
    values: list[float], one: Fraction, other: Fraction
) -> None:
    lower, upper = sorted((Fraction(one) / 100, Fraction(other) / 100))
    kept = between(values, lower, upper)
    boundaries = f"({float(lower * 100)}%:{float(upper * 100)}%)"
    if not kept:
        with pytest.raises(ValueError, match="keeps no value"):
            parse_statistic(f"TM{boundaries}")
        return
    below, above = lower * len(values), (1 - upper) * len(values)
    edges = float(below) * kept[0] + float(above) * kept[-1]
    assert statistic(f"TC{boundaries}", values) == pytest.approx(len(kept) / 1000)
    assert statistic(f"TS{boundaries}", values) == pytest.approx(math.fsum(kept) / 1000)
    assert statistic(f"TM{boundaries}", values) == pytest.approx(math.fsum(kept) / len(kept))
    assert statistic(f"WM{boundaries}", values) == pytest.approx((math.fsum(kept) / 1000 + edges) / len(values))


@given(samples, percentages)
def test_a_percentile_is_the_lowest_value_that_enough_values_do_not_exceed(
    values: list[float], percentage: Fraction
) -> None:
    needed = Fraction(percentage) / 100 * len(values)
    enough = [value for value in values if sum(other <= value for other in values) >= needed]
    assert statistic(f"p{percentage}", values) == min(enough)


@given(samples, st.integers(0, 60), st.integers(0, 60))
def test_fixed_boundaries_exclude_the_lower_and_include_the_upper(values: list[float], one: int, other: int) -> None:
    lower, upper = min(one, other), max(one, other) + 0.5
    kept = [value for value in values if lower < value <= upper]
    mean = math.fsum(kept) / len(kept) if kept else None
    clamped = [min(max(value, lower), upper) for value in values]
    boundaries = f"({lower}:{upper})"
    assert statistic(f"TC{boundaries}", values) == len(kept)
    assert statistic(f"TS{boundaries}", values) == pytest.approx(math.fsum(kept))
    assert statistic(f"TM{boundaries}", values) == (None if mean is None else pytest.approx(mean))
    assert statistic(f"WM{boundaries}", values) == pytest.approx(math.fsum(clamped) / len(values))
    assert statistic(f"PR{boundaries}", values) == pytest.approx(100 * len(kept) / len(values))
