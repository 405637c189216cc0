"""The story of a drill on a fake scene: what it waits for, and when the drill has failed."""

import uuid
from typing import cast

import pytest

from local.drill.claims import HeldClaim
from local.drill.errors import DrillFailed
from local.drill.process_instance import ProcessInstance
from local.drill.story import PATIENCE_MINUTES, Bounds, StoryEvents, tell_story
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess

BURST = 26
ZONES = ("a", "b", "b")


class FakeScene:
    """Scene and workers. All workers are busy unless the test makes them idle; only the test finishes videos."""

    def __init__(self) -> None:
        self.bounds = Bounds(minimum=1, maximum=3, target=10)
        self.instances: list[ProcessInstance] = []
        self.idle: set[str] = set()
        self.uploads = 0
        self.done = 0

    @property
    def fleet(self) -> "FakeScene":
        return self

    def upload(self) -> None:
        self.uploads += 1

    def unfinished(self) -> int:
        return self.uploads - self.done

    def is_queue_empty(self) -> bool:
        return not self.unfinished()

    def running(self) -> list[ProcessInstance]:
        return [i for i in self.instances if not i.leaving and not i.killed]

    def retired(self) -> list[ProcessInstance]:
        return [i for i in self.instances if i.is_retired]

    def in_work(self, instance: ProcessInstance) -> list[HeldClaim]:
        return [] if instance.instance_id in self.idle else [HeldClaim(uuid.uuid4(), 1)]

    def lose_zone(self, zone: str) -> int:
        lost = [i for i in self.running() if i.zone == zone]
        for instance in lost:
            instance.killed = True
        return len(lost)

    def launch(self, *zones: str) -> None:
        nothing = cast(ManagedProcess, None), cast(Imds, None)  # the story does not use them
        for zone in zones:
            self.instances.append(ProcessInstance(f"i-{len(self.instances)}", zone, *nothing, ready=True))

    def retire(self, *, busy: bool) -> None:
        instance = self.running()[0]
        instance.interrupted = self.in_work(instance) if busy else []
        instance.leaving, instance.exit_code = True, 0


@pytest.fixture
def scene() -> FakeScene:
    return FakeScene()


def story_up_to_scaling_in(scene: FakeScene) -> StoryEvents:
    """The story at the point where it waits for a busy worker to be scaled in."""
    story = tell_story(scene, burst=BURST, minutes_max=10)
    assert next(story) == f"burst of {BURST} uploads"
    scene.launch(*ZONES)
    assert next(story) == "zone b lost with 2 jobs in work"
    assert next(story) == ""
    scene.launch("a", "a")
    assert next(story) == ""
    return story


def test_a_zone_is_lost_only_once_all_workers_are_busy(scene: FakeScene) -> None:
    story = tell_story(scene, burst=BURST, minutes_max=10)
    next(story)
    scene.launch(*ZONES)
    scene.idle = {"i-1"}
    assert next(story) == ""
    scene.idle = set()
    assert next(story).startswith("zone b lost")


def test_players_keep_all_workers_needed_until_all_are_busy(scene: FakeScene) -> None:
    story = tell_story(scene, burst=BURST, minutes_max=10)
    next(story)
    scene.done = BURST
    next(story)
    assert scene.unfinished() == 22


def test_an_idle_worker_that_is_scaled_in_is_not_enough(scene: FakeScene) -> None:
    story = story_up_to_scaling_in(scene)
    scene.done = scene.uploads
    assert next(story) == "" and scene.unfinished() == 18
    scene.retire(busy=False)
    scene.done = scene.uploads
    assert next(story) == "" and scene.unfinished() == 8, "another chance, with enough work for two"
    scene.retire(busy=True)
    assert next(story) == "players go home"


def test_the_drill_fails_when_only_idle_workers_are_scaled_in_down_to_the_minimum(scene: FakeScene) -> None:
    story = story_up_to_scaling_in(scene)
    scene.retire(busy=False)
    assert next(story) == ""
    scene.retire(busy=False)
    with pytest.raises(DrillFailed, match="happened to be idle"):
        next(story)


def test_the_drill_fails_when_an_event_does_not_happen_in_time(scene: FakeScene) -> None:
    with pytest.raises(DrillFailed, match="no 3 busy workers within 10 simulated minutes"):
        list(tell_story(scene, burst=BURST, minutes_max=10))


def test_it_ends_when_all_is_done_or_nothing_is_finished_any_more(scene: FakeScene) -> None:
    story = story_up_to_scaling_in(scene)
    scene.retire(busy=True)
    assert next(story) == "players go home"
    assert next(story) == ""
    scene.done += 1
    assert list(story) == [""] * PATIENCE_MINUTES

    story = story_up_to_scaling_in(another := FakeScene())
    another.retire(busy=True)
    assert next(story) == "players go home"
    another.retire(busy=False)
    another.done = another.uploads
    assert list(story) == []
