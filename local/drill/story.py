"""What happens in a drill: a burst, the loss of a zone while its workers are busy, scaling in onto a busy worker.

A target of so much work for each worker wants ``n`` workers while there is more than ``n - 1`` have room for, and no
more than ``n`` have. Players upload as the story needs it, MARGIN beside such a border.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from local.drill.claims import Held
from local.drill.failure import DrillFailed
from local.drill.played_instance import PlayedInstance

MARGIN = 2  # what the queue may show more or less than the database: a message that is sent again, or not yet
PATIENCE_MINUTES = 60  # longer than scaling in takes when nothing is left to do


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the group. ``target``: the work that its policy wants for each worker."""

    minimum: int
    maximum: int
    target: int

    def needs(self, workers: int) -> int:
        """So much work still needs so many workers."""
        return self.target * (workers - 1) + MARGIN

    def is_enough_for_one_fewer(self, workers: int) -> int:
        """So much work keeps so many workers busy, and does without one of them, but not without two."""
        return self.target * (workers - 1) - MARGIN


class Workers(Protocol):
    """See fleet.Fleet."""

    def running(self) -> list[PlayedInstance]: ...
    def retired(self) -> list[PlayedInstance]: ...
    def in_work(self, instance: PlayedInstance) -> list[Held]: ...
    def lose_zone(self, zone: str) -> int: ...


class Scene(Protocol):
    """What the story can see and do."""

    @property
    def fleet(self) -> Workers: ...
    @property
    def bounds(self) -> Bounds: ...

    def upload(self) -> None:
        """One clip, as a player would."""

    def unfinished(self) -> int:
        """Videos that are neither processed nor failed."""

    def is_queue_empty(self) -> bool:
        """Of jobs: none waits, none is in work."""


Deeds = Iterator[str]


def tell(scene: Scene, *, burst: int, minutes_max: int) -> Deeds:
    """One item each simulated minute: what was done in it, often nothing. Raises DrillFailed."""
    fleet, bounds = scene.fleet, scene.bounds
    for _ in range(burst):
        scene.upload()
    yield f"burst of {burst} uploads"
    yield from _until(lambda: _all_busy(scene), f"{bounds.maximum} busy workers", minutes_max)
    zone = _fullest_zone(fleet)
    cut_off = fleet.lose_zone(zone)
    yield f"zone {zone} lost with {cut_off} jobs in work"
    yield from _until(lambda: _all_in_service(scene), "replacements", minutes_max)
    yield from _until(lambda: _busy_one_retired(scene), "a busy worker scaled in", minutes_max)
    yield "players go home"
    yield from _to_the_end(scene)


def _until(is_so: Callable[[], bool], what: str, minutes_max: int) -> Deeds:
    for _ in range(minutes_max):
        if is_so():
            return
        yield ""
    raise DrillFailed(f"no {what} within {minutes_max} simulated minutes")


def _to_the_end(scene: Scene) -> Deeds:
    """Until all is done, or nothing gets done any more: what is left then is for the invariants to say."""
    idle_minutes = 0
    while not _is_quiet(scene) and idle_minutes < PATIENCE_MINUTES:
        unfinished = scene.unfinished()
        yield ""
        idle_minutes = idle_minutes + 1 if scene.unfinished() == unfinished else 0


def _all_in_service(scene: Scene) -> bool:
    """Uploads go on coming, so that none of the workers is let go before."""
    _keep_unfinished(scene, scene.bounds.needs(scene.bounds.maximum))
    return len(scene.fleet.running()) == scene.bounds.maximum


def _all_busy(scene: Scene) -> bool:
    return _all_in_service(scene) and all(scene.fleet.in_work(instance) for instance in scene.fleet.running())


def _fullest_zone(fleet: Workers) -> str:
    return Counter(instance.zone for instance in fleet.running()).most_common(1)[0][0]


def _busy_one_retired(scene: Scene) -> bool:
    """Uploads go on coming, so that all are busy, though not every one is needed. Who is chosen may be between jobs:
    then there is another chance, down to the minimum."""
    if any(instance.interrupted for instance in scene.fleet.retired()):
        return True
    workers = len(scene.fleet.running())
    if workers <= scene.bounds.minimum:
        raise DrillFailed("every worker that was scaled in happened to be idle")
    _keep_unfinished(scene, scene.bounds.is_enough_for_one_fewer(workers))
    return False


def _keep_unfinished(scene: Scene, count: int) -> None:
    for _ in range(count - scene.unfinished()):
        scene.upload()


def _is_quiet(scene: Scene) -> bool:
    fleet = scene.fleet
    is_small = len(fleet.running()) == scene.bounds.minimum and all(i.is_over for i in fleet.retired())
    return is_small and not scene.unfinished() and scene.is_queue_empty()
