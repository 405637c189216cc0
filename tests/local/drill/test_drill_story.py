"""The story of a drill on a scene of the test's own: what it waits for, and when it gives up."""

import uuid
from typing import cast

import pytest

from local.drill.claims import Held
from local.drill.failure import DrillFailed
from local.drill.played_instance import PlayedInstance
from local.drill.story import PATIENCE_MINUTES, Bounds, Deeds, tell
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess

BURST = 26
ZONES = ("a", "b", "b")


class Stage:
    """Scene and workers: all are busy unless the test says otherwise, and nothing gets done by itself."""

    def __init__(self) -> None:
        self.bounds = Bounds(minimum=1, maximum=3, target=10)
        self.instances: list[PlayedInstance] = []
        self.idle: set[str] = set()
        self.uploads = 0
        self.done = 0

    @property
    def fleet(self) -> "Stage":
        return self

    def upload(self) -> None:
        self.uploads += 1

    def unfinished(self) -> int:
        return self.uploads - self.done

    def is_queue_empty(self) -> bool:
        return not self.unfinished()

    def running(self) -> list[PlayedInstance]:
        return [i for i in self.instances if not i.leaving and not i.killed]

    def retired(self) -> list[PlayedInstance]:
        return [i for i in self.instances if i.is_retired]

    def in_work(self, instance: PlayedInstance) -> list[Held]:
        return [] if instance.instance_id in self.idle else [Held(uuid.uuid4(), 1)]

    def lose_zone(self, zone: str) -> int:
        lost = [i for i in self.running() if i.zone == zone]
        for instance in lost:
            instance.killed = True
        return len(lost)

    def launch(self, *zones: str) -> None:
        nothing = cast(ManagedProcess, None), cast(Imds, None)  # nobody asks them
        for zone in zones:
            self.instances.append(PlayedInstance(f"i-{len(self.instances)}", zone, *nothing, ready=True))

    def retire(self, *, busy: bool) -> None:
        instance = self.running()[0]
        instance.interrupted = self.in_work(instance) if busy else []
        instance.leaving, instance.exit_code = True, 0


@pytest.fixture
def stage() -> Stage:
    return Stage()


def told_up_to_scaling_in(stage: Stage) -> Deeds:
    """The story at the point where it waits for a busy worker to be scaled in."""
    story = tell(stage, burst=BURST, minutes_max=10)
    assert next(story) == f"burst of {BURST} uploads"
    stage.launch(*ZONES)
    assert next(story) == "zone b lost with 2 jobs in work"
    assert next(story) == ""
    stage.launch("a", "a")
    assert next(story) == ""
    return story


def test_a_zone_is_lost_only_once_all_workers_are_busy(stage: Stage) -> None:
    story = tell(stage, burst=BURST, minutes_max=10)
    next(story)
    stage.launch(*ZONES)
    stage.idle = {"i-1"}
    assert next(story) == ""
    stage.idle = set()
    assert next(story).startswith("zone b lost")


def test_players_keep_all_workers_needed_until_then(stage: Stage) -> None:
    story = tell(stage, burst=BURST, minutes_max=10)
    next(story)
    stage.done = BURST
    next(story)
    assert stage.unfinished() == 22


def test_an_idle_worker_that_is_scaled_in_is_not_enough(stage: Stage) -> None:
    story = told_up_to_scaling_in(stage)
    stage.done = stage.uploads
    assert next(story) == "" and stage.unfinished() == 18
    stage.retire(busy=False)
    stage.done = stage.uploads
    assert next(story) == "" and stage.unfinished() == 8, "another chance, with enough work for two"
    stage.retire(busy=True)
    assert next(story) == "players go home"


def test_without_a_busy_one_down_to_the_minimum_the_drill_has_failed(stage: Stage) -> None:
    story = told_up_to_scaling_in(stage)
    stage.retire(busy=False)
    assert next(story) == ""
    stage.retire(busy=False)
    with pytest.raises(DrillFailed, match="happened to be idle"):
        next(story)


def test_what_does_not_happen_in_time_has_failed(stage: Stage) -> None:
    with pytest.raises(DrillFailed, match="no 3 busy workers within 10 simulated minutes"):
        list(tell(stage, burst=BURST, minutes_max=10))


def test_it_ends_when_all_is_done_or_nothing_gets_done_any_more(stage: Stage) -> None:
    story = told_up_to_scaling_in(stage)
    stage.retire(busy=True)
    assert next(story) == "players go home"
    assert next(story) == ""
    stage.done += 1
    assert list(story) == [""] * PATIENCE_MINUTES

    story = told_up_to_scaling_in(another := Stage())
    another.retire(busy=True)
    assert next(story) == "players go home"
    another.retire(busy=False)
    another.done = another.uploads
    assert list(story) == []
