"""The instances of a fleet, and what happens to their jobs when one of them goes."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class SimulatedInstance:
    """One worker instance. ``running`` are its jobs: number → time of the upload."""

    zone: int
    launched_at: float
    slots: int
    running: dict[int, float] = field(default_factory=dict)
    in_service: bool = False
    leaving: bool = False
    ended_at: float | None = None

    @property
    def takes_jobs(self) -> bool:
        return not self.leaving and self.ended_at is None


class SimulatedFleet:
    """Instances over ``zones``. ``careful`` ones are drained before they go, and busy ones are chosen last.

    ``worker_seconds`` counts from launch to end, as they are billed.
    """

    def __init__(self, *, zones: int, slots: int, careful: bool) -> None:
        self._zones = zones
        self._slots = slots
        self._careful = careful
        self.instances: list[SimulatedInstance] = []
        self._free: deque[SimulatedInstance] = deque()
        self._ended_seconds = 0.0

    def launch(self, now: float) -> SimulatedInstance:
        """In the zone that has fewest. It takes jobs from ``put_in_service`` on."""
        counts = [sum(i.zone == zone for i in self.instances) for zone in range(self._zones)]
        instance = SimulatedInstance(counts.index(min(counts)), now, self._slots)
        self.instances.append(instance)
        return instance

    def put_in_service(self, instance: SimulatedInstance) -> None:
        instance.in_service = True
        self._free.extend([instance] * instance.slots)

    def take_slot(self) -> SimulatedInstance | None:
        """A free slot of an instance that takes jobs, or None."""
        while self._free:
            instance = self._free.popleft()
            if instance.takes_jobs:
                return instance
        return None

    def give_slot_back(self, instance: SimulatedInstance, now: float) -> None:
        """A job of it has ended; an instance that was only waiting for that ends."""
        if instance.takes_jobs:
            self._free.append(instance)
        elif not instance.running:
            self._end(instance, now)

    def retire(self, now: float) -> list[float]:
        """One instance goes; return the uploads whose jobs were cut off."""
        candidates = [instance for instance in self.instances if instance.takes_jobs]
        if not candidates:
            return []
        busiest_last = min(candidates, key=lambda i: len(i.running)) if self._careful else candidates[0]
        busiest_last.leaving = True
        if self._careful and busiest_last.running:
            return []
        return self._cut_off(busiest_last, now)

    def lose_zone(self, zone: int, now: float) -> list[float]:
        """Everything in it is gone at once; return the uploads whose jobs were cut off."""
        lost = [instance for instance in self.instances if instance.zone == zone]
        return [upload for instance in lost for upload in self._cut_off(instance, now)]

    def _cut_off(self, instance: SimulatedInstance, now: float) -> list[float]:
        jobs = list(instance.running.values())
        instance.running.clear()
        self._end(instance, now)
        return jobs

    def _end(self, instance: SimulatedInstance, now: float) -> None:
        instance.ended_at = now
        self._ended_seconds += now - instance.launched_at
        self.instances.remove(instance)

    def busy(self) -> int:
        """Jobs in work."""
        return sum(len(instance.running) for instance in self.instances)

    def staying(self) -> int:
        """Instances that work or will soon; not those that only end their jobs."""
        return sum(instance.takes_jobs for instance in self.instances)

    def in_service(self) -> int:
        """Instances that are given jobs: GroupInServiceInstances."""
        return sum(instance.takes_jobs and instance.in_service for instance in self.instances)

    def worker_seconds(self, now: float) -> float:
        return self._ended_seconds + sum(now - instance.launched_at for instance in self.instances)
