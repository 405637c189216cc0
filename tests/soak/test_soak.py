"""A short soak, which keeps the long one (`make soak`) working, and tests of its checks."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from showcase.clips.movie import read_movie
from showcase.videos import result_key
from tests.clips import Clips
from tests.soak.audit import State
from tests.soak.audit_rules import broken_rules
from tests.soak.clips import Kind, content_of, kind_of, title_in
from tests.soak.evidence import is_unexpected
from tests.soak.fault_injector import Fault, FaultInjector
from tests.soak.journal import End, Journal, read_journal
from tests.soak.soak import Plan, soaked

FAULTS = (
    "worker killed",
    "late write of a paused worker",
    "API killed",
    "answers of sends lost",
    "downloads corrupted",
    "database connections cut",
    "answers of commits lost",
    "queue purged",
    "old messages sent again",
    "poison sent",
)
VIDEO = uuid.UUID(int=7)


@pytest.mark.long("faults for 20 seconds, and the recovery from each of them")
@pytest.mark.timeout(1200)
def test_forty_videos_are_settled_under_half_a_minute_of_faults(tmp_path: Path, aws_credentials: None) -> None:
    plan = Plan("22", seconds=20, videos=40, faults=frozenset(FAULTS), has_real_encodes=False)
    with soaked(plan, tmp_path / "soak") as verdict:
        assert len(verdict.evidence.rows) >= 40 - len(verdict.evidence.deletes)
        assert {tally.fault.name for tally in verdict.evidence.tallies} == set(FAULTS)
        breaches = [f"{breach} {breach.video_id}" for finding in verdict.findings for breach in finding.breaches]
    assert not breaches, "\n".join([f"see {tmp_path}", *breaches])


def state(
    status: str, fence: int, *, key: str | None = None, lease_was_over: bool | None = None, message_due: bool = True
) -> State:
    settled = status in ("processed", "failed", "deleted")
    return State(
        at=datetime.now(UTC),
        video_id=VIDEO,
        status=status,
        fence=fence,
        attempts=0,
        processed_key=key,
        worker=None,
        lease_was_over=lease_was_over,
        message_due=message_due and not settled,
    )


NEW, WORK, BACK = state("uploaded", 0), state("processing", 1), state("uploaded", 1)
TAKEN_OVER = state("processing", 2, lease_was_over=True)
DONE = state("processed", 1, key=result_key(VIDEO, 1))
GOOD = {
    "one attempt": [NEW, WORK, DONE],
    "handed back": [NEW, WORK, BACK, state("processing", 2)],
    "taken over from a dead worker": [NEW, WORK, TAKEN_OVER, state("processed", 2, key=result_key(VIDEO, 2))],
    "failed and reopened": [NEW, WORK, state("failed", 1), BACK],
    "deleted in work": [NEW, WORK, state("deleted", 1)],
}
BAD = {
    "a commit under an old fence": [NEW, WORK, TAKEN_OVER, state("processed", 2, key=result_key(VIDEO, 1))],
    "a second commit": [NEW, WORK, DONE, DONE],
    "taken over while the lease is valid": [NEW, WORK, state("processing", 2, lease_was_over=False)],
    "the same fence twice": [NEW, WORK, BACK, state("processing", 1)],
    "a fence that falls": [NEW, WORK, state("uploaded", 0)],
    "back after its deletion": [NEW, state("deleted", 0), NEW],
    "claimed after it was settled": [NEW, WORK, DONE, state("processing", 2)],
    "no sweep would send a lost message again": [NEW, WORK, state("uploaded", 1, message_due=False)],
    "begins in the middle": [WORK, DONE],
}


@pytest.mark.parametrize("states", GOOD.values(), ids=GOOD)
def test_an_allowed_history_breaks_no_rule(states: list[State]) -> None:
    assert list(broken_rules(states)) == []


@pytest.mark.parametrize("states", BAD.values(), ids=BAD)
def test_a_forbidden_history_breaks_a_rule(states: list[State]) -> None:
    assert list(broken_rules(states))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.jsonl")
    yield journal
    journal.close()


def test_the_seed_decides_the_order_of_the_faults(journal: Journal) -> None:
    def faults_of(seed: str, strikes: int = 12) -> list[str]:
        struck: list[str] = []

        def strike(name: str, choose: random.Random) -> int:
            struck.append(name)
            # How much a strike draws depends on timing. It must not change the order of the faults.
            return sum(choose.randint(1, 6) for _ in range(random.randint(1, 9)))

        faults = [Fault(name, partial(strike, name), weight) for name, weight in (("a", 3), ("b", 1), ("c", 2))]
        injector = FaultInjector("environment", faults, seed, journal, pause_seconds=(0, 0))
        injector.run(lambda: len(struck) >= strikes)
        assert injector.every_fault_has_hit()
        return struck

    assert faults_of("one") == faults_of("one")
    assert sorted(faults_of("one", 6)) == ["a", "a", "a", "b", "c", "c"]
    assert len({tuple(faults_of(seed)) for seed in ("one", "two", "three")}) == 3


def test_the_journal_is_on_the_disk_when_a_note_returns(journal: Journal) -> None:
    journal.note("Laura", "upload", end=End.UNKNOWN, title="t")
    (event,) = read_journal(journal.path)
    assert (event["who"], event["what"], event["end"], event["title"]) == ("Laura", "upload", "unknown", "t")


@pytest.mark.parametrize("kind", Kind)
def test_a_clip_contains_its_title_and_is_acceptable_unless_it_is_cut(clips: Clips, tmp_path: Path, kind: Kind) -> None:
    title = f"seed-Sofía-0001-{kind}"
    path = tmp_path / "clip.mp4"
    path.write_bytes(content_of(title, clips.plain().read_bytes()))
    assert kind_of(title) is kind
    if kind is not Kind.CUT:
        assert title_in(path) == title
        assert read_movie(path) == read_movie(clips.plain())


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        ('{"level": "INFO", "logger": "worker.job", "message": "published"}', False),
        ('{"level": "ERROR", "logger": "worker.loop", "message": "message 7: unexpected error"}', True),
        ('{"level": "ERROR", "logger": "waitress", "message": "Exception while serving"}', True),
        ("Exception in thread heartbeat:", True),
        ("FATAL:  terminating connection due to administrator command", False),
        ('{"level": "INFO", "logger": "worker.job", "mess', False),
    ],
)
def test_lines_with_unexpected_errors_are_recognised(line: str, is_error: bool) -> None:
    assert is_unexpected(line) is is_error
