"""The story of a drill: a burst, the loss of a zone whose workers are busy, and the scale-in of a busy worker.

A scaling policy with a target of T videos for each worker keeps n workers while more than T * (n - 1) and at most
T * n videos are unfinished. Players upload what each step of the story needs, MARGIN videos away from these limits.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from local.drill.claims import HeldClaim
from local.drill.errors import DrillFailed
from local.drill.process_instance import ProcessInstance

MARGIN = 2  # the queue's counts differ that much from the database: messages sent again, or not sent yet
PATIENCE_MINUTES = 60  # longer than scaling in takes once no work is left

StoryEvents = Iterator[str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of the group's size, and the number of videos for each worker that its scaling policy aims at."""

    minimum: int
    maximum: int
    target: int

    def work_for(self, workers: int) -> int:
        """The least number of unfinished videos that still needs that many workers."""
        return self.target * (workers - 1) + MARGIN

    def work_for_one_fewer(self, workers: int) -> int:
        """Unfinished videos that keep that many workers busy and need one worker fewer, but not two fewer."""
        return self.target * (workers - 1) - MARGIN


class Workers(Protocol):
    """The workers as the story uses them; see process_fleet.ProcessFleet."""

    def running(self) -> list[ProcessInstance]: ...
    def retired(self) -> list[ProcessInstance]: ...
    def in_work(self, instance: ProcessInstance) -> list[HeldClaim]: ...
    def lose_zone(self, zone: str) -> int: ...


class Scene(Protocol):
    """Everything that the story can read and do; see drill.Drill."""

    @property
    def fleet(self) -> Workers: ...
    @property
    def bounds(self) -> Bounds: ...

    def upload(self) -> None:
        """Upload one clip, as a player would."""

    def unfinished(self) -> int:
        """The number of videos that are neither processed nor failed."""

    def is_queue_empty(self) -> bool:
        """The queue of jobs has no message, visible or in flight."""


def tell_story(scene: Scene, *, burst: int, minutes_max: int) -> StoryEvents:
    """Yield once each simulated minute: the event of that minute, often an empty text. Raises DrillFailed."""
    fleet, bounds = scene.fleet, scene.bounds
    for _ in range(burst):
        scene.upload()
    yield f"burst of {burst} uploads"
    yield from _until(lambda: _all_busy(scene), f"{bounds.maximum} busy workers", minutes_max)
    fullest_zone = Counter(instance.zone for instance in fleet.running()).most_common(1)[0][0]
    cut_off = fleet.lose_zone(fullest_zone)
    yield f"zone {fullest_zone} lost with {cut_off} jobs in work"
    yield from _until(lambda: _all_in_service(scene), "replacements", minutes_max)
    yield from _until(lambda: _busy_one_retired(scene), "a busy worker scaled in", minutes_max)
    yield "players go home"
    # Wait until all work is done, or until no more work gets done: then the invariants show what is left.
    idle_minutes = 0
    while not _is_quiet(scene) and idle_minutes < PATIENCE_MINUTES:
        unfinished = scene.unfinished()
        yield ""
        idle_minutes = idle_minutes + 1 if scene.unfinished() == unfinished else 0


def _until(is_so: Callable[[], bool], what: str, minutes_max: int) -> StoryEvents:
    for _ in range(minutes_max):
        if is_so():
            return
        yield ""
    raise DrillFailed(f"no {what} within {minutes_max} simulated minutes")


def _all_in_service(scene: Scene) -> bool:
    """Whether the group has its maximum of workers. Players go on uploading, so that none is scaled in before."""
    _keep_unfinished(scene, scene.bounds.work_for(scene.bounds.maximum))
    return len(scene.fleet.running()) == scene.bounds.maximum


def _all_busy(scene: Scene) -> bool:
    return _all_in_service(scene) and all(scene.fleet.in_work(instance) for instance in scene.fleet.running())


def _busy_one_retired(scene: Scene) -> bool:
    """Whether a worker was scaled in while it had a job. Raises DrillFailed at the minimum.

    Players go on uploading, so that all workers are busy though one is not needed. The worker that Auto Scaling
    chooses may be between two jobs; then the story waits for the next scale-in, down to the minimum.
    """
    if any(instance.interrupted for instance in scene.fleet.retired()):
        return True
    workers = len(scene.fleet.running())
    if workers <= scene.bounds.minimum:
        raise DrillFailed("every worker that was scaled in happened to be idle")
    _keep_unfinished(scene, scene.bounds.work_for_one_fewer(workers))
    return False


def _keep_unfinished(scene: Scene, count: int) -> None:
    for _ in range(count - scene.unfinished()):
        scene.upload()


def _is_quiet(scene: Scene) -> bool:
    """Whether the group is back at its minimum, all drains have ended, and no work is left."""
    fleet = scene.fleet
    is_small = len(fleet.running()) == scene.bounds.minimum and all(i.is_over for i in fleet.retired())
    return is_small and not scene.unfinished() and scene.is_queue_empty()
