"""The invariants judge the end of a drill: a good end holds them all, and each spoilt end breaks the right ones."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from local.drill.claims import HeldClaim, VideoRow
from local.drill.invariants import check_invariants
from local.drill.outcome import DrillOutcome
from local.drill.process_instance import ProcessInstance
from local.drill.story import Bounds
from local.drill.timeline import TimelineRow
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess
from showcase.videos import result_key

BOUNDS = Bounds(minimum=1, maximum=3, target=10)


class Ending:
    """A drill that ended well: one worker was killed and two were scaled in, each with a job.

    A fourth video was processed without trouble.
    """

    def __init__(self) -> None:
        self.cut_off, self.finished, self.handed_on, self.untroubled = (HeldClaim(uuid.uuid4(), 1) for _ in range(4))
        self.rows = [self.row(workers) for workers in (1, 3, 1, 3, 2, 1)]
        self.killed = self.instance(killed=True, interrupted=[self.cut_off])
        self.retired = [
            self.instance(leaving=True, completed=True, exit_code=0, interrupted=[claim])
            for claim in (self.finished, self.handed_on)
        ]
        fences = {self.cut_off: 2, self.finished: 1, self.handed_on: 2, self.untroubled: 1}
        videos = {claim.video_id: self.published(claim, fence) for claim, fence in fences.items()}
        objects = frozenset(row.processed_key or "" for row in videos.values())
        publications = Counter(str(video_id) for video_id in videos)
        self.outcome = DrillOutcome(4, videos, objects, waiting=0, dead=0, publications=publications)

    @staticmethod
    def row(workers: int) -> TimelineRow:
        return TimelineRow(1, 0, 0, 0, workers=workers, desired=workers, processed=0)

    @staticmethod
    def instance(
        *,
        killed: bool = False,
        leaving: bool = False,
        completed: bool = False,
        exit_code: int | None = None,
        interrupted: list[HeldClaim],
    ) -> ProcessInstance:
        process, metadata = cast(ManagedProcess, None), cast(Imds, None)  # the invariants do not use them
        return ProcessInstance(
            "i-1", "us-east-1a", process, metadata, True, leaving, killed, completed, exit_code, interrupted
        )

    @staticmethod
    def published(claim: HeldClaim, fence: int) -> VideoRow:
        return VideoRow("processed", fence, result_key(claim.video_id, fence))

    def change_row(self, claim: HeldClaim, row: VideoRow) -> None:
        self.outcome = replace(self.outcome, videos={**self.outcome.videos, claim.video_id: row})

    def broken(self) -> set[str]:
        checks = check_invariants(self.rows, [self.killed, *self.retired], self.outcome, BOUNDS)
        return {check.name for check in checks if not check.held}

    def evidence(self, name: str) -> str:
        checks = check_invariants(self.rows, [self.killed, *self.retired], self.outcome, BOUNDS)
        return next(check.evidence for check in checks if check.name == name)


def test_a_good_end_holds_every_invariant_and_says_where_jobs_were_finished() -> None:
    ending = Ending()
    assert ending.broken() == set()
    assert "1 finished there, 1 elsewhere, 0 not" in ending.evidence("scale-in finishes its jobs")
    assert "1 jobs cut off: 1 published by a later claim" in ending.evidence("zone loss survived")


def a_worker_never_came(ending: Ending) -> None:
    ending.rows = [ending.row(workers) for workers in (1, 2, 1)]


def a_worker_never_went(ending: Ending) -> None:
    ending.rows.append(ending.row(2))


def a_killed_worker_published(ending: Ending) -> None:
    """Its job was not cut off after all, or another worker wrote under its claim."""
    row = ending.published(ending.cut_off, 1)
    ending.change_row(ending.cut_off, row)
    ending.outcome = replace(ending.outcome, objects=ending.outcome.objects | {row.processed_key or ""})


def nothing_was_cut_off(ending: Ending) -> None:
    ending.killed.interrupted = []


def a_worker_did_not_say_that_it_drained(ending: Ending) -> None:
    ending.retired[0].completed = False


def a_worker_crashed_in_its_drain(ending: Ending) -> None:
    ending.retired[0].exit_code = 1


def a_job_of_a_retired_worker_failed(ending: Ending) -> None:
    ending.change_row(ending.finished, VideoRow("failed", 1, None))


def an_upload_is_gone(ending: Ending) -> None:
    ending.outcome = replace(ending.outcome, accepted=5)


def a_result_is_gone(ending: Ending) -> None:
    ending.outcome = replace(ending.outcome, objects=frozenset(list(ending.outcome.objects)[1:]))


def a_row_names_the_result_of_an_older_claim(ending: Ending) -> None:
    row = ending.outcome.videos[ending.handed_on.video_id]
    ending.change_row(ending.handed_on, row._replace(processed_key=result_key(ending.handed_on.video_id, 1)))


def a_message_is_left(ending: Ending) -> None:
    ending.outcome = replace(ending.outcome, waiting=1)


def a_message_is_dead(ending: Ending) -> None:
    ending.outcome = replace(ending.outcome, dead=1)


def a_video_was_published_twice(ending: Ending) -> None:
    ending.outcome.publications[str(ending.untroubled.video_id)] += 1


@pytest.mark.parametrize(
    ("spoil", "broken"),
    [
        (a_worker_never_came, {"scale-out seen"}),
        (a_worker_never_went, {"scale-in seen"}),
        (a_killed_worker_published, {"zone loss survived"}),
        (nothing_was_cut_off, {"zone loss survived"}),
        (a_worker_did_not_say_that_it_drained, {"scale-in drains its workers"}),
        (a_worker_crashed_in_its_drain, {"scale-in drains its workers"}),
        (a_job_of_a_retired_worker_failed, {"scale-in finishes its jobs", "0 lost"}),
        (an_upload_is_gone, {"0 lost"}),
        (a_result_is_gone, {"0 lost"}),
        (a_row_names_the_result_of_an_older_claim, {"0 lost"}),
        (a_message_is_left, {"0 lost"}),
        (a_message_is_dead, {"0 lost"}),
        (a_video_was_published_twice, {"0 doubled"}),
    ],
)
def test_a_bad_end_breaks_exactly_the_expected_invariants(spoil: Callable[[Ending], None], broken: set[str]) -> None:
    ending = Ending()
    spoil(ending)
    assert ending.broken() == broken
