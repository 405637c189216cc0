"""The alarms of each objective fire when its promise says so, and only then, and as much of its budget is spent.

``make prove-objectives`` compares 100,000 series and prints figures.
"""

import re

import pytest

from alarms.definition_files import Variables
from tests.alarms.burn_rates.__main__ import main
from tests.alarms.burn_rates.agreement import compare_all, played_objectives
from tests.alarms.burn_rates.naive_promises import PROMISES
from tests.alarms.burn_rates.random_errors import SHAPES, TRAFFICS, error_series

SERIES_QUICK = 1_000
SERIES_OF_A_BATCH = 5_000
BATCHES = 20


def test_each_objective_has_a_naive_promise(variables: Variables) -> None:
    assert [objective.read.stem for objective in played_objectives(variables)] == sorted(PROMISES)


@pytest.mark.parametrize("part", range(2))
def test_the_alarms_fire_exactly_when_the_promise_says_so(part: int, variables: Variables) -> None:
    found = compare_all(played_objectives(variables), range(part * SERIES_QUICK // 2, (part + 1) * SERIES_QUICK // 2))
    assert 0.05 < found.in_alarm / found.evaluations < 0.6  # both states were compared often
    assert found.near_ties < found.evaluations / 1_000


@pytest.mark.campaign("100,000 random series take minutes")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_alarms_of_many_more_series_do_so_too(batch: int, variables: Variables) -> None:
    compare_all(played_objectives(variables), range(batch * SERIES_OF_A_BATCH, (batch + 1) * SERIES_OF_A_BATCH))


def test_the_random_series_have_each_shape_traffic_and_length() -> None:
    series = [error_series(seed) for seed in range(SERIES_QUICK)]
    assert {(each.shape, each.traffic) for each in series} == {
        (shape, traffic) for shape in SHAPES for traffic in TRAFFICS
    }
    assert all(bad <= valid for each in series for bad, valid in zip(each.bad, each.valid, strict=True))
    compared = [each.minutes_compared for each in series]
    assert min(compared) <= 31
    assert max(compared) > 24 * 60
    assert {each.compared_from // (24 * 60) for each in series} == {0, 2, 3, 4}  # days of past


def test_the_command_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--series", "8", "--from-seed", "40"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"8 series, [\d,]+ evaluations compared, [\d,]+ of them in ALARM; \d+ too near .*\n", out)
    assert err == ""
