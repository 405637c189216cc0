"""Commits that happened and whose answers were lost: the rows and the metrics say the same (T19)."""

from collections import Counter

import pytest
from sqlalchemy import select

from local.system.postgres_server import PostgresServer
from showcase.database.tables import Video
from tests.faults.answer_cutter import AnswerCutter
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.test_scenarios import TIDY, finish

PUBLISH = b"processed_key='processed/"
REFUSE = b"failure_code='damaged'"
CLAIM = b"attempts=(videos.attempts + 1)"
HAND_BACK = b"SET status='uploaded'"
LOST = 20


def through(system: SystemUnderFaults, cutter: AnswerCutter) -> dict[str, str]:
    name = system.database_url.rpartition("/")[2]
    return {"ANB_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{cutter.port}/{name}"}


def statuses(system: SystemUnderFaults) -> Counter[str]:
    with system.database.reading() as connection:
        return Counter(connection.execute(select(Video.status)).scalars())


@pytest.mark.parametrize("statements", [(PUBLISH,), (PUBLISH, HAND_BACK)], ids=["results", "results and hand-backs"])
def test_t19_after_twenty_lost_answers_of_commits_the_metrics_agree_with_the_rows(
    system: SystemUnderFaults, postgres: PostgresServer, statements: tuple[bytes, ...]
) -> None:
    videos = LOST + 4
    entries = [system.accepted_video() for _ in range(videos)]
    with AnswerCutter(postgres.port, statements, LOST).running() as cutter:
        system.start_worker(ANB_WORKER_SLOTS="3", FAKE_ENCODER="0.02", **through(system, cutter), **TIDY)
        finish(system, *entries)
    assert cutter.cut == LOST
    assert statuses(system)["processed"] == system.counted("VideosProcessed") == videos
    assert (system.counted("RecordsDropped"), system.counted("LeasesLost")) == (0, 0)
    assert system.counted("UploadToProcessed") > 0


def test_t19_a_claim_without_an_answer_costs_no_attempt(system: SystemUnderFaults, postgres: PostgresServer) -> None:
    entries = [system.accepted_video() for _ in range(3)]
    with AnswerCutter(postgres.port, (CLAIM,), len(entries)).running() as cutter:
        system.start_worker(ANB_WORKER_SLOTS="3", FAKE_ENCODER="0.02", **through(system, cutter))
        finish(system, *entries)
    assert cutter.cut == len(entries)
    states = [system.state(entry) for entry in entries]
    assert [(state.attempts, state.fence) for state in states] == [(1, 2)] * len(entries)
    assert system.counted("VideosProcessed") == len(entries)


def test_t19_a_row_is_looked_at_again_when_the_database_is_away_for_a_moment(
    system: SystemUnderFaults, postgres: PostgresServer
) -> None:
    entries = [system.accepted_video() for _ in range(4)]
    with AnswerCutter(postgres.port, (PUBLISH,), 3, refusals=1).running() as cutter:
        system.start_worker(FAKE_ENCODER="0.02", ANB_HEARTBEAT_SECONDS="1.5", **through(system, cutter), **TIDY)
        finish(system, *entries)
    assert cutter.cut == 3
    assert system.counted("VideosProcessed") == len(entries)


def test_t19_lost_answers_of_refusals_are_counted_as_refusals(
    system: SystemUnderFaults, postgres: PostgresServer
) -> None:
    refuse_if = system.directory / "refuse"
    system.directory.mkdir(exist_ok=True)
    refuse_if.touch()
    entries = [system.accepted_video() for _ in range(4)]
    with AnswerCutter(postgres.port, (REFUSE,), 3).running() as cutter:
        worker = system.start_worker(REFUSE_IF=str(refuse_if), FAKE_ENCODER="0.02", **through(system, cutter))
        for entry in entries:
            system.wait_until(lambda e=entry: system.is_settled(e), "settled")  # type: ignore[misc]
        system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), "queue drained")
        assert worker.stop() == 0
    assert cutter.cut == 3
    assert statuses(system)["failed"] == system.counted("VideosRefused") == len(entries)
    assert (system.counted("VideosProcessed"), system.counted("JobErrors")) == (0, 0)
