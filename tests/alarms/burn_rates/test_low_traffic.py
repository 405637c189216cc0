"""Few failures page nobody, and real ones page within the minutes that the definition says: for each composite."""

import pytest

from alarms.definition_files import Definition, DefinitionKind, Variables
from tests.alarms.burn_rates.agreement import PlayedObjective, played_objectives
from tests.alarms.burn_rates.naive_promises import PROMISES
from tests.alarms.burn_rates.random_errors import ErrorSeries

DAY = 24 * 60
STEMS = sorted(PROMISES)


@pytest.fixture(scope="module")
def objectives(variables: Variables) -> dict[str, PlayedObjective]:
    return {each.read.stem: each for each in played_objectives(variables)}


def series(valid: list[int], bad: list[int], *, first_minute: int = 0, past: int = 0) -> ErrorSeries:
    return ErrorSeries(0, "by hand", "by hand", first_minute, past, valid, bad)


def ever_in_alarm(objective: PlayedObjective, played: ErrorSeries) -> tuple[bool, bool]:
    """Whether the page, and whether the ticket was in ALARM after some minute."""
    page, ticket = zip(*objective.states(played, objective.store(played)), strict=True)
    return any(page), any(ticket)


@pytest.mark.parametrize("stem", STEMS)
def test_one_failed_event_of_three_fires_nothing(stem: str, objectives: dict[str, PlayedObjective]) -> None:
    quiet = [0] * (6 * 60 + 10)
    assert ever_in_alarm(objectives[stem], series([3, *quiet], [1, *quiet])) == (False, False)
    assert ever_in_alarm(objectives[stem], series([1, 1, 1, *quiet], [0, 0, 1, *quiet])) == (False, False)


@pytest.mark.parametrize("stem", STEMS)
def test_the_least_number_of_events_decides_if_all_fail(stem: str, objectives: dict[str, PlayedObjective]) -> None:
    least = PROMISES[stem].events_min
    quiet = [0] * 90
    for events, fires in ((least - 1, False), (least, True)):
        failing = [1] * events
        assert ever_in_alarm(objectives[stem], series(failing + quiet, failing + quiet)) == (fires, fires)


@pytest.mark.parametrize("stem", STEMS)
def test_total_failure_notifies_within_the_minutes_of_the_definition(
    stem: str, objectives: dict[str, PlayedObjective], definitions: list[Definition]
) -> None:
    """The minutes are exact for the worst minute of an hour, if one minute is for a failure within a minute."""
    past = 3 * DAY
    valid, bad = [1] * (past + 120), [0] * past + [1] * 120
    within = {d.stem: d.why["fires_within_minutes"] for d in definitions if d.kind is DefinitionKind.COMPOSITE_ALARM}
    objective = objectives[stem]
    waits = objective.page.suppressor.wait_period // 60 if objective.page.suppressor else 0
    pages, tickets = [], []
    for first_minute in (0, 20, 40):  # after 21 or 41 bad minutes, the next full hour is furthest away
        played = series(valid, bad, first_minute=first_minute, past=past)
        page, ticket = zip(*objective.states(played, objective.store(played)), strict=True)
        pages.append(page.index(True) + 1 + waits)
        tickets.append(ticket.index(True) + 1)
    assert max(pages) == within[f"{stem}-page"] - 1
    assert max(tickets) == within[f"{stem}-ticket"] - 1
