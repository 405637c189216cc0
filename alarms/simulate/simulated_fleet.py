"""The instances of a fleet and their jobs, which are cut off when an instance ends."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class SimulatedInstance:
    """One worker instance. ``running`` maps the number of each job to the time of its upload."""

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
    """Instances in ``zones``. A ``careful`` fleet drains an instance before its end, and retires busy ones last."""

    def __init__(self, *, zones: int, slots: int, careful: bool) -> None:
        self._zones = zones
        self._slots = slots
        self._careful = careful
        self.instances: list[SimulatedInstance] = []
        self._free: deque[SimulatedInstance] = deque()
        self._ended_seconds = 0.0

    def launch(self, now: float) -> SimulatedInstance:
        """Launch an instance in the zone with the fewest. It takes jobs after ``put_in_service`` was called."""
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
        """Free the slot of a job that has ended. A drained instance is terminated after its last job."""
        if instance.takes_jobs:
            self._free.append(instance)
        elif not instance.running:
            self._end(instance, now)

    def retire(self, now: float) -> list[float]:
        """Retire one instance, and return the uploads of the jobs that were cut off."""
        candidates = [instance for instance in self.instances if instance.takes_jobs]
        if not candidates:
            return []
        chosen = min(candidates, key=lambda i: len(i.running)) if self._careful else candidates[0]
        chosen.leaving = True
        if self._careful and chosen.running:
            return []
        return self._cut_off(chosen, now)

    def lose_zone(self, zone: int, now: float) -> list[float]:
        """End all instances of the zone at once, and return the uploads of the jobs that were cut off."""
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
        """The number of running jobs."""
        return sum(len(instance.running) for instance in self.instances)

    def staying(self) -> int:
        """The number of instances that are in service or starting. Instances that drain are not counted."""
        return sum(instance.takes_jobs for instance in self.instances)

    def in_service(self) -> int:
        """The number of instances that take jobs: the metric GroupInServiceInstances."""
        return sum(instance.takes_jobs and instance.in_service for instance in self.instances)

    def worker_seconds(self, now: float) -> float:
        """Billed time of all instances until ``now``, from launch to end."""
        return self._ended_seconds + sum(now - instance.launched_at for instance in self.instances)
