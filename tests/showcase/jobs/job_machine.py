"""Everything that can happen to jobs, as rules that Hypothesis applies in any order (T27 of docs/RELIABILITY.md).

At the end the faults stop, and every job must end.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar
from uuid import UUID, uuid5

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from showcase.database.engine import Database
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import Delivery
from showcase.jobs.jobs import LEASE_GRACE_SECONDS
from showcase.jobs.outbox import VANISHED_SECONDS, Entry
from tests.showcase.jobs.job_worker import NEVER, Commit, Held, Workers
from tests.showcase.jobs.job_world import LEASE_SECONDS, JobWorld, Visit
from tests.showcase.jobs.queue_model import CONFIRMED, Fate, Sending
from tests.showcase.jobs.virtual_time import VirtualClock

UNSETTLED_MAX = 3
ROUNDS_MAX = 20
QUIET_SECONDS_MAX = VANISHED_SECONDS + LEASE_SECONDS + LEASE_GRACE_SECONDS

# MOMENTS are seconds from the next end of a wait, a lease or a hidden time. PAUSES are seconds from now.
MOMENTS = (-0.001, 0.0, 0.001)
PAUSES = (1.0, LEASE_SECONDS + 0.001, LEASE_SECONDS + LEASE_GRACE_SECONDS + 0.001, 1000.0, VANISHED_SECONDS + 0.001)


class Event(StrEnum):
    """An event that can happen to a video while its sender waits for the queue's answer."""

    CLAIM = "claim"
    FINISH = "finish"
    HAND_BACK = "hand back"
    DELETE = "delete"
    SWEEP = "sweep"
    WAIT = "wait"


class Accident(StrEnum):
    """An event that is part of no job."""

    DELETED = "its owner deletes the video"
    LOST = "the queue loses its messages"
    OTHER_GENERATION = "a message of another generation arrives"
    SWEEPER_DIED = "a sweeper dies with rows reserved"


# Most events are normal ones. Otherwise no job would get far enough to fail in an interesting way.
AT_ONCE = (*[Event.CLAIM] * 4, Event.FINISH, Event.FINISH, Event.HAND_BACK, Event.SWEEP, Event.DELETE)
events = st.lists(st.sampled_from([*AT_ONCE, Event.WAIT]), max_size=3)
events_at_once = st.lists(st.sampled_from(AT_ONCE), max_size=2)
fates = st.sampled_from([*[Fate.CONFIRMED] * 4, *Fate])
fates_of_the_living = st.lists(st.sampled_from([Fate.CONFIRMED, Fate.AWAY, Fate.ANSWER_LOST]), max_size=UNSETTLED_MAX)
deaths = st.sampled_from([*[NEVER] * 6, 1, 2])
pauses = st.none() | st.sampled_from(MOMENTS + PAUSES)
mostly = st.sampled_from([True, True, True, False])
picks = st.sampled_from([0, 0, 0, 1, 2, 3])  # 0 is the latest

T = TypeVar("T")


class JobMachine(RuleBasedStateMachine):
    """One history of jobs. ``visited`` counts the paths that any history has taken."""

    def __init__(self, database: Database, clock: VirtualClock, player_id: UUID, visited: Counter[Visit]) -> None:
        super().__init__()
        self.world = JobWorld(database, clock, player_id, visited)
        self.workers = Workers(self.world)
        self.deliveries: list[Delivery] = []
        self.held: list[Held] = []

    @initialize(honours_old_handles=st.booleans())
    def begin(self, honours_old_handles: bool) -> None:
        self.world.queue.honours_old_handles = honours_old_handles
        self.world.accept()

    # API, sweepers, operator

    @precondition(lambda self: len(self.world.unsettled()) < UNSETTLED_MAX)
    @rule(is_first=mostly, fate=fates, events=events)
    def accept(self, is_first: bool, fate: Fate, events: list[Event]) -> None:
        """Unless ``is_first``, a message of another generation of the video is already in the queue."""
        entry = self.world.insert()
        if not is_first:
            self._another_generation(entry)
        self.world.send(entry, Sending(fate, self._meanwhile(entry, events)))

    @precondition(lambda self: self.world.unsettled())
    @rule(pick=picks, fate=fates, events=events)
    def send_late(self, pick: int, fate: Fate, events: list[Event]) -> None:
        """A sender that was suspended goes on. Its video may be in any state by now."""
        entry = _latest(self.world.entries, pick)
        self.world.send(entry, Sending(fate, self._meanwhile(entry, events)))

    @precondition(lambda self: self.world.unsettled())
    @rule(pause=pauses, fates=fates_of_the_living, events=events_at_once)
    def sweep(self, pause: float | None, fates: list[Fate], events: list[Event]) -> None:
        """``events`` happen while the first due row is sent."""
        self._wait(pause)
        self.world.check_backlog()
        due = [entry for entry in self.world.entries if entry.video_id in self.world.model.due()]
        sendings = {entry.video_id: Sending(fate) for entry, fate in zip(due, fates, strict=False)}
        for entry in due[:1]:
            fate = sendings.get(entry.video_id, CONFIRMED).fate
            sendings[entry.video_id] = Sending(fate, self._meanwhile(entry, events))
        self.world.sweep(sendings)

    @precondition(lambda self: self.world.dead_letters.is_waiting())
    @rule(pick=picks, fate=fates, lives=mostly)
    def redrive(self, pick: int, fate: Fate, lives: bool) -> None:
        """Redrive all letters, or stop at the first send that fails or when the process dies after a letter."""
        self.world.dead_letters.kills_deleter = not lives
        self.world.redrive({_latest(self.world.entries, pick).video_id: Sending(fate)})

    @precondition(lambda self: self.world.failed())
    @rule(pick=picks)
    def reopen_late(self, pick: int) -> None:
        """An operator read the dead letter some time ago, and is interrupted before the message is sent."""
        self.world.reopen(_latest(self.world.failed(), pick))

    # Accidents

    @precondition(lambda self: self.world.unsettled())
    @rule(pick=picks, accident=st.sampled_from(Accident))
    def accident(self, pick: int, accident: Accident) -> None:
        entry = _latest(self.world.unsettled(), pick)
        if accident is Accident.DELETED:
            self.world.delete(_latest(self.world.existing(), pick))  # the video may be settled
        elif accident is Accident.LOST:
            self.world.queue.lose(entry.video_id)
        elif accident is Accident.OTHER_GENERATION:
            self._another_generation(entry)
        else:
            self._wait(MOMENTS[-1])
            self.world.sweep({entry.video_id: Sending(Fate.DIES_BEFORE) for entry in self.world.entries})

    def _another_generation(self, entry: Entry) -> None:
        other = JobMessage(entry.video_id, uuid5(entry.task_id, "other"), "", entry.uploaded_at)
        self.world.queue.put(other.to_json())

    # Workers

    @precondition(lambda self: self.world.queue.videos())
    @rule(pick=picks, twice=st.booleans())
    def receive(self, pick: int, twice: bool) -> None:
        """A worker receives a message and then sleeps. With ``twice``, others can receive it too."""
        if delivery := self.world.receive(pick, twice=twice):
            self.deliveries.append(delivery)

    @precondition(lambda self: self.deliveries)
    @rule(pick=picks, dies_after=deaths)
    def claim_late(self, pick: int, dies_after: int) -> None:
        self._take(_pop(self.deliveries, pick), dies_after=dies_after)

    @precondition(lambda self: self.world.queue.videos())
    @rule(pick=picks, is_answered=mostly)
    def receive_and_claim(self, pick: int, is_answered: bool) -> None:
        if delivery := self.world.receive(pick):
            self._take(delivery, is_answered=is_answered)

    def _take(self, delivery: Delivery, *, is_answered: bool = True, dies_after: int = NEVER) -> Held | None:
        held = self.workers.take(delivery, is_answered=is_answered, dies_after=dies_after)
        self.held += [held] if held else []
        return held

    @precondition(lambda self: self.world.queue.videos())
    @rule(pick=picks, workers=st.integers(2, 3), is_alive=st.booleans())
    def workers_fall_asleep(self, pick: int, workers: int, is_alive: bool) -> None:
        """Workers fall asleep one after the other, each in the middle of the job. The first may send a heartbeat."""
        taken: list[Held] = []
        for number in range(workers):
            self.world.clock.advance(LEASE_SECONDS + 0.001 if number else 0)
            delivery = self.world.receive(pick)
            if held := self._take(delivery) if delivery else None:
                self.workers.show_progress(held, 50)
                taken.append(held)
            self.world.check()
        if is_alive:
            self.workers.renew(taken[:1])

    @precondition(lambda self: self.held)
    @rule(pause=pauses, chosen=st.sets(st.integers(0, 3), min_size=1, max_size=2), percent=st.integers(1, 99))
    def heartbeat(self, pause: float | None, chosen: set[int], percent: int) -> None:
        """A worker with some of the jobs sends a heartbeat."""
        self._wait(pause)
        held = [_latest(self.held, pick) for pick in sorted(chosen)]
        self.workers.renew(held)
        self.workers.show_progress(held[0], percent)

    @precondition(lambda self: self.held)
    @rule(pick=picks, commit=st.sampled_from(Commit), dies_after=deaths)
    def finish(self, pick: int, commit: Commit, dies_after: int) -> None:
        self.workers.finish(_pop(self.held, pick), commit, dies_after)

    @precondition(lambda self: self.held)
    @rule(pick=picks, pause=pauses)
    def sleep_and_finish(self, pick: int, pause: float | None) -> None:
        """A worker finishes at the end of its lease or long after it. Others may have had the video by then."""
        self._wait(pause)
        self.workers.finish(_pop(self.held, pick))

    @precondition(lambda self: self.held)
    @rule(pick=picks, gives_up=st.booleans(), dies_after=deaths)
    def fail(self, pick: int, gives_up: bool, dies_after: int) -> None:
        self.workers.fail(_pop(self.held, pick), gives_up=gives_up, dies_after=dies_after)

    @precondition(lambda self: self.held)
    @rule(pick=picks, seconds=st.sampled_from([2, 30, 900]), attempt_counts=st.booleans())
    def hand_back(self, pick: int, seconds: int, attempt_counts: bool) -> None:
        self.workers.hand_back(_pop(self.held, pick), seconds, attempt_counts=attempt_counts)

    @precondition(lambda self: self.held)
    @rule(pick=picks)
    def give_up_late(self, pick: int) -> None:
        """A worker learned some time ago, from the message of this job, that the attempts are used up."""
        self.workers.give_up(_latest(self.held, pick).delivery)

    def _wait(self, pause: float | None) -> None:
        if pause in MOMENTS:
            self.world.clock.now = self.world.next_moment()
        self.world.clock.advance(pause or 0)

    def _meanwhile(self, entry: Entry, events: Sequence[Event]) -> Callable[[], None]:
        def happen() -> None:
            held = None
            for event in events:
                held = self._happen(event, entry, held)
                self.world.check()

        return happen

    def _happen(self, event: Event, entry: Entry, held: Held | None) -> Held | None:
        """Let an event happen to a video; return what its worker holds afterwards."""
        if event is Event.CLAIM:
            delivery = self.world.queue.receive_of(entry.video_id)
            return self._take(delivery) if delivery else held
        if event is Event.FINISH and held in self.held:
            self.workers.finish(self.held.pop())
        elif event is Event.HAND_BACK and held in self.held:
            self.workers.hand_back(self.held.pop(), 2, attempt_counts=True)
        elif event is Event.DELETE:
            self.world.delete(entry)
        elif event is Event.SWEEP:
            self.world.sweep()
        elif event is Event.WAIT:
            self.world.clock.advance(LEASE_SECONDS + LEASE_GRACE_SECONDS + 1)
        return held

    @invariant()
    def everything_is_as_it_must_be(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        if sys.exception():  # the history has failed, or was cut short
            return
        self.world.visit(Visit.DEAD_LETTERED_BY_QUEUE, self.world.queue.given_up > 0)
        run_until_quiet(self.world, self.workers)


def _latest(items: Sequence[T], pick: int) -> T:
    return items[-1 - pick % len(items)]


def _pop(items: list[T], pick: int) -> T:
    return items.pop(-1 - pick % len(items))


def run_until_quiet(world: JobWorld, workers: Workers) -> None:
    """I1, I4: with one sweeper and one worker that make no faults, every job ends in bounded time and rounds."""
    started = world.clock.now
    for _ in range(ROUNDS_MAX):
        world.sweep()
        while deliveries := world.queue.receive(1):
            if held := workers.take(deliveries[0]):
                workers.finish(held)
        world.check()
        world.check_backlog()
        if not world.unsettled() and not world.queue.videos():
            break
        world.clock.now = world.next_moment()
        world.clock.advance(0.001)
    assert not world.unsettled(), "I1: a video was forgotten"
    assert not world.queue.videos(), "I4: messages are left"
    assert (world.clock.now - started).total_seconds() <= QUIET_SECONDS_MAX, "I1: the end took too long"
