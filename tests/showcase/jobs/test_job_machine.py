"""Jobs in virtual time, with the real SQL of both databases (T14, T23, T25, T27 of docs/RELIABILITY.md).

The clocks of process and database are years apart here, so every test also checks T23: no decision uses the clock of
the process.
"""

from collections import Counter
from dataclasses import replace
from typing import cast
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import event, select, text, update

from showcase.database.engine import Database, database_time
from showcase.database.tables import Video, VideoStatus
from showcase.jobs.job_message import JobMessage
from showcase.jobs.jobs import Claim, ClaimRefusal, claim, finish, hand_back
from showcase.jobs.outbox import BATCH_ROWS, RESERVED_SECONDS, Entry
from showcase.videos import FAST_PATH_SECONDS, add_video
from tests.records import claimed, new_player, new_video, video_state
from tests.showcase.jobs.job_machine import JobMachine
from tests.showcase.jobs.job_worker import Workers
from tests.showcase.jobs.job_world import JobWorld, Visit
from tests.showcase.jobs.queue_model import Fate, Sending
from tests.showcase.jobs.virtual_time import START, VirtualClock, set_clock

settings.register_profile(
    "job machine",
    settings.get_profile("project"),
    stateful_step_count=50,
    suppress_health_check=list(HealthCheck),
)
# For a longer search, raise the number of histories and set ``derandomize=False``, so that each run plays other ones.
MANY_HISTORIES = pytest.param(200, marks=pytest.mark.campaign("200 histories take a minute on each database"))


@pytest.fixture
def clock(database: Database) -> VirtualClock:
    clock = VirtualClock()
    set_clock(database, clock)
    return clock


@pytest.fixture
def player_id(database: Database, clock: VirtualClock) -> UUID:
    return new_player(database)


@pytest.fixture
def world(database: Database, clock: VirtualClock, player_id: UUID) -> JobWorld:
    return JobWorld(database, clock, player_id, Counter())


@pytest.fixture
def workers(world: JobWorld) -> Workers:
    return Workers(world)


@pytest.mark.timeout(1200)  # if a history fails, Hypothesis searches for the shortest one
@pytest.mark.parametrize("histories", [80, MANY_HISTORIES])
def test_jobs_keep_every_promise_in_any_history(
    database: Database, clock: VirtualClock, player_id: UUID, histories: int
) -> None:
    visited: Counter[Visit] = Counter()
    machine = cast("type[RuleBasedStateMachine]", lambda: JobMachine(database, clock, player_id, visited))
    plan = settings(settings.get_profile("job machine"), max_examples=histories)
    run_state_machine_as_test(machine, settings=plan)
    assert [visit for visit in Visit if not visited[visit]] == [], "I8: some paths were not visited"


def test_the_database_has_the_virtual_clock_which_stands_still(database: Database, clock: VirtualClock) -> None:
    for _ in range(2):
        with database.reading() as connection:
            times = connection.execute(select(database_time(), database_time(90.5), database_time(-0.001))).one()
        assert tuple(times) == (clock.now, clock.after(90.5), clock.after(-0.001))
        clock.advance(4 * 3600.25)
    assert clock.after(0) > START


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_transaction_sees_one_moment_as_with_the_real_now(database: Database, clock: VirtualClock) -> None:
    with database.writing() as connection:
        clock.advance(1)
        assert connection.execute(select(database_time())).scalar_one() == START
    with database.writing() as connection:
        assert connection.execute(select(database_time())).scalar_one() == clock.now


def test_sql_that_asks_for_the_real_time_raises_an_error(database: Database, clock: VirtualClock) -> None:
    is_sqlite = database.engine.dialect.name == "sqlite"
    words = ("CURRENT_TIMESTAMP", "datetime('now')", "unixepoch()") if is_sqlite else ("clock_timestamp()",)
    for word in words:
        with pytest.raises(Exception, match=r"real time|user-defined function"), database.engine.begin() as connection:
            connection.execute(text(f"SELECT {word}"))


def test_no_row_has_the_real_time(world: JobWorld, workers: Workers) -> None:
    """``check`` compares every time in the rows with the virtual clock."""
    world.accept()
    for delivery in world.queue.receive(1):
        held = workers.take(delivery)
        assert held
        world.clock.advance(30)
        workers.renew([held])
        world.check()
        world.clock.advance(30)
        workers.finish(held)
    world.check()
    (row,) = world.model.rows.values()
    assert (row.uploaded_at, row.enqueued_at, row.processed_at) == (START, START, world.clock.now)


def test_a_message_of_an_older_generation_does_no_harm(world: JobWorld, workers: Workers) -> None:
    """T14, while a worker has the video: the message is dropped, and the job goes on."""
    entry = world.accept()
    held = workers.take(world.queue.receive(1)[0])
    world.queue.put(JobMessage(entry.video_id, UUID(int=1), "", entry.uploaded_at).to_json())
    assert workers.take(world.queue.receive(1)[0]) is None
    world.check()
    assert world.visited[Visit.OTHER_GENERATION] == 1
    assert held
    workers.finish(held)
    world.check()
    assert not world.queue.videos()


def test_only_the_newest_generation_of_a_video_is_published(database: Database) -> None:
    """T14, while a worker still has the old generation. Its message comes first and last."""
    old = new_video(database)
    new = replace(old, task_id=uuid4())
    old_claim = claimed(database, old)
    _begin_generation(database, new)
    assert _try_claim(database, old) is ClaimRefusal.GONE
    new_claim = claimed(database, new)
    with database.writing() as connection:
        assert finish(connection, old_claim, "old") is None
        assert finish(connection, new_claim, "new") is not None
    assert _try_claim(database, old) is ClaimRefusal.GONE
    state = video_state(database, old.video_id)
    assert state and (state.status, state.processed_key) == ("processed", "new")


def _try_claim(database: Database, entry: Entry) -> Claim | ClaimRefusal:
    with database.writing() as connection:
        return claim(connection, entry.video_id, entry.task_id, worker="late", lease_seconds=60, attempts_max=5)


def _begin_generation(database: Database, entry: Entry) -> None:
    """Replace the clip of a video. The product has no function for it; this is what it would write."""
    fresh = {"task_id": entry.task_id, "status": VideoStatus.UPLOADED, "lease_until": None, "worker": None}
    with database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(fresh))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_video_accepted_first_and_committed_last_is_swept(world: JobWorld) -> None:
    """T25: a sweeper that only looked at rows after the last one sent would never see the first video."""
    first = world.next_upload()
    with world.database.writing() as slow:
        add_video(slow, first)
        world.clock.advance(1)
        second = world.insert()
        world.clock.advance(FAST_PATH_SECONDS + 1)
        world.sweep()
        assert world.queue.attempts == [second.video_id]
    assert world.outbox.sweep() == 1
    assert world.queue.attempts == [second.video_id, first.id]


def test_a_sweep_sends_one_message_to_a_queue_that_is_away_and_leaves_the_others_due(world: JobWorld) -> None:
    entries = [world.insert() for _ in range(BATCH_ROWS + 1)]
    world.clock.advance(FAST_PATH_SECONDS + 1)
    world.queue.sendings = {entry.video_id: Sending(Fate.AWAY) for entry in entries}
    assert world.outbox.sweep() == 0
    assert len(world.queue.attempts) == 1
    world.queue.sendings = {}
    world.clock.advance(0.001)
    assert world.outbox.sweep() == len(entries) - 1, "all rows are due again at once, but the one that failed"
    world.clock.advance(RESERVED_SECONDS)
    assert world.outbox.sweep() == 1


def test_a_message_that_the_queue_never_takes_holds_up_no_other(world: JobWorld) -> None:
    entries = [world.insert() for _ in range(4)]
    world.clock.advance(FAST_PATH_SECONDS + 1)
    sent = 0
    for _ in range(2):  # a sweep of every process, while the failed row is reserved
        world.queue.sendings[entries[2].video_id] = Sending(Fate.AWAY)
        sent += world.outbox.sweep()
        world.clock.advance(0.001)
    assert sent == len(entries) - 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_video_that_is_freed_between_the_statements_of_a_claim_is_not_exhausted(database: Database) -> None:
    """The worker that held the video hands it back between the two statements of a claim."""
    entry = new_video(database)
    held = claimed(database, entry)

    def free(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT videos.status"):
            with database.writing() as other:
                hand_back(other, held, due_seconds=60, attempt_counts=True)

    event.listen(database.engine, "before_cursor_execute", free)
    assert _try_claim(database, entry) is ClaimRefusal.BUSY


def test_one_message_is_enough_for_a_dead_workers_video(world: JobWorld, workers: Workers) -> None:
    """No worker runs for an hour, and a sweep runs every 5 s."""
    world.accept()
    assert workers.take(world.queue.receive(1)[0])
    for _ in range(3600 // 5):
        world.clock.advance(5)
        world.sweep()
    assert len(world.queue.attempts) == 2
