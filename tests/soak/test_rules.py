"""Tests of the rules that a soak checks: each rule is broken on purpose."""

import itertools
import os
import random
from pathlib import Path
from typing import Any

import pytest

from showcase.clips.clip_rules import unacceptable
from tests.soak.growth import Bound, growth
from tests.soak.journal import End
from tests.soak.owners_view import Told, View, broken_views, views
from tests.soak.short_times import SHORT_DEADLINES
from tests.soak.verdict import GROWTH_BOUNDS
from tests.soak.watch import sample

VIDEO = "7ce0d9a5-3f0c-4f3a-8e0e-2b6a3f6f0d01"


def shown(status: str, **seen: Any) -> View:
    if status == "processed":
        seen.setdefault("processed_at", "2026-11-28T10:00:00Z")
    return View(Told.SHOWN, {"status": status, **seen})


ACCEPTED, MISSING = View(Told.ACCEPTED), View(Told.MISSING)
DELETED, MAY_BE_DELETED = View(Told.DELETED), View(Told.MAY_BE_DELETED)
DAMAGED = {"failure_code": "damaged", "failure_reason": unacceptable("damaged").reason, "votes": 0}
GOOD_VIEWS = {
    "the usual": [ACCEPTED, shown("uploaded"), shown("processing"), shown("processed"), shown("processed")],
    "handed back": [ACCEPTED, shown("processing"), shown("uploaded"), shown("processed")],
    "refused by the worker": [ACCEPTED, shown("failed", **DAMAGED)],
    "deleted": [ACCEPTED, shown("uploaded"), DELETED, MISSING],
    "the delete got no answer and did not happen": [ACCEPTED, MAY_BE_DELETED, shown("processing")],
    "reopened": [ACCEPTED, shown("failed"), View(Told.REOPENED), shown("uploaded")],
    "votes": [shown("processed", votes=1), shown("processed"), shown("processed", votes=2)],
}
BAD_VIEWS = {
    "processed, then in work again": [ACCEPTED, shown("processed"), shown("processing")],
    "failed, then in work again": [ACCEPTED, shown("failed"), shown("processing")],
    "processed at two times": [shown("processed"), shown("processed", processed_at="2026-11-28T10:00:01Z")],
    "accepted and missing": [ACCEPTED, MISSING],
    "shown after its deletion": [ACCEPTED, DELETED, shown("uploaded")],
    "missing, then shown": [ACCEPTED, MAY_BE_DELETED, MISSING, shown("uploaded")],
    "votes fall": [shown("processed", votes=2), shown("processed", votes=1)],
    "a failure without a reason": [shown("failed", failure_code="damaged", votes=0)],
    "a failure with another code": [shown("failed", **{**DAMAGED, "failure_code": "broken"})],
}


@pytest.mark.parametrize("told", GOOD_VIEWS.values(), ids=GOOD_VIEWS)
def test_views_that_go_forward_break_no_rule(told: list[View]) -> None:
    assert list(broken_views(told)) == []


@pytest.mark.parametrize("told", BAD_VIEWS.values(), ids=BAD_VIEWS)
def test_views_that_go_backwards_break_a_rule(told: list[View]) -> None:
    assert list(broken_views(told))


def test_a_complete_list_shows_which_videos_are_missing() -> None:
    accepted = {"who": "Laura", "what": "upload", "end": End.OK, "video_id": VIDEO}
    listed = {"who": "Laura", "what": "list own", "end": End.OK, "listed": {}}
    others = {**listed, "who": "Mateo", "is_whole": True}
    assert broken_of([accepted, {**listed, "is_whole": True}]) == ["accepted, and then missing"]
    assert broken_of([accepted, {**listed, "is_whole": False}]) == []
    assert broken_of([accepted, others]) == []


def broken_of(events: list[dict[str, Any]]) -> list[str]:
    return [complaint for told in views(events).values() for complaint in broken_views(told)]


LEAK_BYTES = 300_000
JOBS = 70  # of the worker that no fault strikes, when 200 videos are processed


def held(noise: float, leak: float = 0.0, seed: int = 1) -> list[tuple[float, float]]:
    """The points of a process that warms up, needs more at times because of faults, and leaks with each job."""
    choose = random.Random(seed)
    warm = [(work, 50e6 + 20 * noise * min(1.0, work / (0.15 * JOBS))) for work in range(JOBS)]
    return [(work, amount + leak * work + abs(choose.gauss(0, noise))) for work, amount in warm for _ in range(4)]


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_each_job_is_found_and_noise_is_not(seed: int) -> None:
    memory = GROWTH_BOUNDS["worker"]["memory"]
    descriptors = GROWTH_BOUNDS["worker"]["descriptors"]
    for bound, noise, leak in ((memory, 500_000, LEAK_BYTES), (descriptors, 3, 1)):
        leaking, clean = growth(held(noise, leak, seed)), growth(held(noise, seed=seed))
        assert leaking and leaking.exceeds(bound)
        assert clean and not clean.exceeds(bound)


def test_the_growth_of_a_process_that_did_little_work_is_unknown() -> None:
    assert growth([]) is None
    assert growth([(work, 1.0) for work in range(12)]) is None


def test_growth_must_exceed_both_bounds() -> None:
    found = growth([(work, 3.0 * work) for work in range(100)])
    assert found
    limits = {True: 1.0, False: 1e6}
    for each, total in itertools.product(limits, repeat=2):
        assert found.exceeds(Bound(limits[each], limits[total])) is (each and total)


def test_a_sample_counts_descriptors_memory_and_threads_of_a_process(tmp_path: Path) -> None:
    before = sample(os.getpid())
    block = bytearray(b"x" * 50_000_000)
    with (tmp_path / "file").open("w"):
        after = sample(os.getpid())
    assert after.descriptors == before.descriptors + 1
    assert after.memory - before.memory > 0.9 * len(block)
    assert after.threads >= 1


def test_the_deadlines_of_the_soak_are_shorter_than_the_products_and_long_enough_for_a_busy_machine() -> None:
    assert SHORT_DEADLINES["optional call"].seconds == 2.5
    assert SHORT_DEADLINES["database transaction"].seconds == 2.5
    assert SHORT_DEADLINES["request"].seconds == 16.5
