"""What happens in a drill: a burst, the loss of a zone while its workers are busy, scaling in onto a busy worker."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from local.drill.fleet import Fleet


class DrillFailed(Exception):
    """Something that had to happen did not; the message says what."""


class Scene(Protocol):
    """What the story can see and do."""

    fleet: Fleet

    def upload(self) -> None:
        """One clip, as a player would."""

    def unfinished(self) -> int:
        """Videos that are neither processed nor failed."""


Deeds = Iterator[str]


def tell(scene: Scene, *, burst: int, maximum: int, minutes_max: int) -> Deeds:
    """One item each simulated minute: what was done in it, often nothing. Raises DrillFailed."""
    for _ in range(burst):
        scene.upload()
    yield f"burst of {burst} uploads"
    yield from _until(lambda: _all_busy(scene.fleet, maximum), f"{maximum} busy workers", minutes_max)
    zone = _fullest_zone(scene.fleet)
    cut_off = scene.fleet.lose_zone(zone)
    yield f"zone {zone} lost with {cut_off} jobs in work"
    yield from _until(lambda: len(scene.fleet.running()) == maximum, "replacements", minutes_max)
    yield from _until(lambda: _scaled_in(scene, maximum), "a busy worker scaled in", minutes_max)
    yield "players go home"
    yield from _until(lambda: _is_quiet(scene), "one idle worker", minutes_max)


def _until(is_so: Callable[[], bool], what: str, minutes_max: int) -> Deeds:
    for _ in range(minutes_max):
        if is_so():
            return
        yield ""
    raise DrillFailed(f"no {what} within {minutes_max} simulated minutes")


def _all_busy(fleet: Fleet, maximum: int) -> bool:
    running = fleet.running()
    return len(running) == maximum and all(fleet.in_work(instance) for instance in running)


def _fullest_zone(fleet: Fleet) -> str:
    return Counter(instance.zone for instance in fleet.running()).most_common(1)[0][0]


def _scaled_in(scene: Scene, maximum: int) -> bool:
    """Few uploads go on coming, so that there is no idle worker to choose."""
    retired = [i for i in scene.fleet.instances.values() if i.leaving]
    if any(i.interrupted for i in retired):
        return True
    for _ in range(2 * maximum - scene.unfinished()):
        scene.upload()
    return False


def _is_quiet(scene: Scene) -> bool:
    return not scene.unfinished() and len(scene.fleet.running()) == 1 and not scene.fleet.draining()
