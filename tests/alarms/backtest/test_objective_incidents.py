"""A backtest says of each objective what it spent, when trouble began, when its alarms fired and when they ended."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alarms.backtest import __main__ as backtest
from alarms.options import EXAMPLE
from tests.alarms.emf_log import request, write_log

MINUTES = 180
REQUESTS = 20  # in each minute
OUTAGE = range(60, 90)  # minutes in which every second request fails


def records() -> Iterator[dict[str, Any]]:
    for minute in range(MINUTES):
        for number in range(REQUESTS):
            failed = minute in OUTAGE and number % 2 == 0
            yield request(minute + number / REQUESTS, ServerErrors=int(failed), Latency=100)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "emf.log", records())


def test_detection_reset_and_budget_of_an_incident(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The expected figures are computed by hand.

    At 20 requests a minute there are 806,400 in 28 days, and 0.5 % of them may be bad: 4,032. The outage has 300 bad
    ones. The log is shorter than six hours, so the window of six hours has 1,200 good requests when trouble begins.
    More than 2.8 % of its requests are bad in the fourth minute: 40 of 1,280. The page ends when no more than 2.8 % of
    the last 30 minutes are bad: 10 of 600, in the 29th good minute.
    """
    assert backtest.main(["--variables", str(EXAMPLE), "--json", str(log)]) == 0
    outcomes = {each["objective"]: each for each in json.loads(capsys.readouterr().out)["objectives"]}
    assert outcomes.keys() == {"api-availability", "api-latency"}
    assert outcomes["api-latency"]["incidents"] == []
    availability = outcomes["api-availability"]
    assert availability["events"] == {"valid": MINUTES * REQUESTS, "bad": len(OUTAGE) * REQUESTS / 2}
    assert availability["budget_part"] == pytest.approx(300 / 4032)
    page = availability["incidents"][0]
    assert page["alarm"] == "api-availability-page"
    assert (page["bad_from"], page["fired"]) == ("2026-01-01 01:00", "2026-01-01 01:04")
    assert (page["good_from"], page["ended"]) == ("2026-01-01 01:30", "2026-01-01 01:59")
    assert page["budget_part"] == pytest.approx(300 / 4032)


def test_the_text_has_a_line_for_each_objective_and_incident(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest.main(["--variables", str(EXAMPLE), str(log)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  api-availability: 300 of 3600 requests bad (8.33 %), 7.4% of the budget spent" in lines
    (page,) = [line for line in lines if line.startswith("    api-availability-page: ")]
    assert "bad from 2026-01-01 01:00, fired 4 min later; good from 2026-01-01 01:30, ended 29 min later" in page
