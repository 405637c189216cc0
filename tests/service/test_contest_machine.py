"""Histories of the contest, played by several players over HTTP, agree with a simple model."""

from pathlib import Path
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import delete

from showcase.database.engine import Database
from showcase.database.tables import Player, Video, Vote
from tests.service.conftest import Contest
from tests.service.contest_machine import ContestMachine

# For a campaign: more examples, and ``derandomize=False``, so that each run plays other histories.
HISTORIES = settings(
    settings.get_profile("project"), max_examples=15, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)


def test_no_history_of_the_contest_disagrees_with_the_model(contest: Contest, clip: Path) -> None:
    def begin() -> ContestMachine:
        _forget_everything(contest.api.database)
        return ContestMachine(contest, clip)

    run_state_machine_as_test(cast(type[RuleBasedStateMachine], begin), settings=HISTORIES)


def _forget_everything(database: Database) -> None:
    with database.writing() as connection:
        for table in (Vote, Video, Player):
            connection.execute(delete(table))
