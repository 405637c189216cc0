import uuid

import pytest
from sqlalchemy import update

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.jobs import jobs
from showcase.jobs.jobs import Claim, ClaimRefusal
from showcase.jobs.outbox import Entry
from showcase.videos import delete_own
from tests.records import claimed, expire_lease, new_player, new_video, video_state


def try_claim(database: Database, entry: Entry, attempts_max: int = 5) -> Claim | ClaimRefusal:
    with database.writing() as connection:
        return jobs.claim(
            connection, entry.video_id, entry.task_id, worker="other", lease_seconds=60, attempts_max=attempts_max
        )


def test_a_claim_takes_a_fence_a_lease_and_an_attempt(database: Database) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    assert (claim.fence, claim.attempt, claim.original_key) == (1, 1, entry.original_key)
    state = video_state(database, entry.video_id)
    assert state and (state.status, state.is_leased, state.has_message_due) == ("processing", True, True)


def test_a_live_lease_keeps_others_out(database: Database) -> None:
    entry = new_video(database)
    claimed(database, entry)
    assert try_claim(database, entry) is ClaimRefusal.BUSY


def test_after_the_lease_the_next_claim_has_a_higher_fence(database: Database) -> None:
    entry = new_video(database)
    first = claimed(database, entry)
    expire_lease(database, entry.video_id)
    second = claimed(database, entry)
    assert (second.fence, second.attempt) == (first.fence + 1, 2)


def test_a_worker_that_slept_through_its_lease_changes_nothing(database: Database) -> None:
    entry = new_video(database)
    zombie = claimed(database, entry)
    expire_lease(database, entry.video_id)
    current = claimed(database, entry)
    before = video_state(database, entry.video_id)
    with database.writing() as connection:
        assert jobs.finish(connection, zombie, "processed/zombie.mp4") is None
        assert not jobs.fail(connection, zombie, code="x", reason="x")
        assert not jobs.report_progress(connection, zombie, 50)
        assert not jobs.hand_back(connection, zombie, due_seconds=1, attempt_counts=True)
        assert jobs.renew_leases(connection, [(zombie.video_id, zombie.fence)], lease_seconds=60) == set()
    assert video_state(database, entry.video_id) == before
    with database.writing() as connection:
        assert jobs.finish(connection, current, "processed/current.mp4") is not None


def test_the_ending_that_another_claim_wrote_is_not_that_of_this_claim(database: Database) -> None:
    entry = new_video(database)
    zombie = claimed(database, entry)
    expire_lease(database, entry.video_id)
    current = claimed(database, entry)
    with database.writing() as connection:
        jobs.finish(connection, current, "key")
        assert jobs.ending_of(connection, zombie) is None
        ending = jobs.ending_of(connection, current)
    assert ending and ending.status == "processed"


def test_only_one_of_two_commits_under_the_same_fence_counts(database: Database) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        assert jobs.finish(connection, claim, "a") is not None
        assert jobs.finish(connection, claim, "b") is None
    state = video_state(database, entry.video_id)
    assert state and (state.status, state.processed_key, state.progress_percent) == ("processed", "a", 100)
    assert not state.is_leased and not state.has_message_due


@pytest.mark.parametrize("end", ["processed", "failed"])
def test_a_settled_video_refuses_claims_as_duplicates(database: Database, end: str) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        if end == "processed":
            jobs.finish(connection, claim, "key")
        else:
            jobs.fail(connection, claim, code="too_short", reason="corto")
    assert try_claim(database, entry) is ClaimRefusal.SETTLED


def test_an_unknown_video_and_another_generation_are_gone(database: Database) -> None:
    entry = new_video(database)
    other_generation = Entry(entry.video_id, uuid.uuid4(), entry.original_key, entry.uploaded_at, "")
    unknown = Entry(uuid.uuid4(), entry.task_id, entry.original_key, entry.uploaded_at, "")
    assert try_claim(database, other_generation) is ClaimRefusal.GONE
    assert try_claim(database, unknown) is ClaimRefusal.GONE


def test_a_video_that_was_deleted_during_its_job_stays_deleted(database: Database) -> None:
    player_id = new_player(database)
    entry = new_video(database, player_id)
    claim = claimed(database, entry)
    with database.writing() as connection:
        assert delete_own(connection, entry.video_id, player_id) == [entry.original_key]
        assert jobs.finish(connection, claim, "key") is None
        assert not jobs.exists(connection, claim)
    assert video_state(database, entry.video_id) is None


@pytest.mark.parametrize(("attempt_counts", "attempts"), [(True, 1), (False, 0)])
def test_handing_back_makes_the_video_free_at_once(database: Database, attempt_counts: bool, attempts: int) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        assert jobs.hand_back(connection, claim, due_seconds=60, attempt_counts=attempt_counts)
    state = video_state(database, entry.video_id)
    assert state and (state.status, state.attempts, state.is_leased) == ("uploaded", attempts, False)
    assert claimed(database, entry).fence == 2


def test_a_video_whose_attempts_are_used_up_can_be_failed(database: Database) -> None:
    entry = new_video(database)
    for _ in range(2):
        claimed(database, entry, attempts_max=2)
        expire_lease(database, entry.video_id)
    assert try_claim(database, entry, attempts_max=2) is ClaimRefusal.EXHAUSTED
    with database.writing() as connection:
        assert jobs.fail_exhausted(connection, entry.video_id, attempts_max=2, code="processing_failed", reason="r")
    state = video_state(database, entry.video_id)
    assert state and (state.status, state.failure_code) == ("failed", "processing_failed")


def test_a_video_in_its_last_attempt_is_not_failed(database: Database) -> None:
    entry = new_video(database)
    claimed(database, entry, attempts_max=1)
    with database.writing() as connection:
        assert not jobs.fail_exhausted(connection, entry.video_id, attempts_max=1, code="c", reason="r")


def test_one_call_renews_many_leases_and_returns_those_that_are_held(database: Database) -> None:
    entries = [new_video(database) for _ in range(3)]
    claims = [claimed(database, entry) for entry in entries]
    with database.writing() as connection:
        jobs.finish(connection, claims[0], "key")
        held = jobs.renew_leases(connection, [(c.video_id, c.fence) for c in claims], lease_seconds=60)
    assert held == {(entries[1].video_id, 1), (entries[2].video_id, 1)}


def test_a_video_that_failed_for_another_reason_is_not_reopened(database: Database) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        jobs.fail(connection, claim, code="too_short", reason="corto")
        assert not jobs.reopen(connection, entry.video_id, entry.task_id, code="processing_failed")
    state = video_state(database, entry.video_id)
    assert state and (state.status, state.failure_code) == ("failed", "too_short")


def test_the_database_refuses_impossible_states(database: Database) -> None:
    entry = new_video(database)
    for impossible in ({"status": "processed"}, {"status": VideoStatus.PROCESSING}, {"status": "lost"}):
        with pytest.raises(Exception, match=r"(?i)check constraint"), database.writing() as connection:
            connection.execute(update(Video).where(Video.id == entry.video_id).values(impossible))
