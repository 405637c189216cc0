"""The simulation: uploads and ends of jobs as events, metrics, alarms and policies by the minute."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from alarms.simulate.policies import Contender
from alarms.simulate.simulated_fleet import SimulatedFleet, SimulatedInstance
from alarms.simulate.simulated_metrics import MINUTE, SimulatedMetrics
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.scaling.scaling_group import Decision, ScalingGroup

NOTICED_SECONDS = 120.0  # until Auto Scaling replaces instances that are gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is simulated. Times in seconds; ``service_time`` draws how long a job takes on one slot.

    Raises ValueError for a minimum of none.
    """

    uploads: int
    service_time: Callable[[random.Random], float]
    minimum: int = 1
    maximum: int = 3
    slots: int = 1
    boot_seconds: float = 120.0
    lease_seconds: float = 60.0
    zones: int = 2
    zone_lost_at: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError("the minimum must be at least 1: a fleet of none does not see a backlog below its target")


@dataclass(slots=True)
class SimulationOutcome:
    """What came of it. ``latencies``: from upload to published, in seconds, in the order of publication."""

    contender: str
    latencies: list[float] = field(default_factory=list)
    worker_seconds: float = 0.0
    interrupted: int = 0
    decisions: list[Decision] = field(default_factory=list)
    metrics: SimulatedMetrics = field(default_factory=lambda: SimulatedMetrics("simulation"))
    seconds: float = 0.0


class Simulation:
    """One contender under one setting. ``arrivals`` are times of uploads, rising."""

    def __init__(self, setting: Setting, contender: Contender, arrivals: Iterator[float], namespace: str) -> None:
        self._setting = setting
        self._arrivals = arrivals
        self._chance = random.Random(setting.seed)  # noqa: S311
        self._fleet = SimulatedFleet(zones=setting.zones, slots=setting.slots, careful=contender.careful)
        self._waiting: deque[float] = deque()
        self._backing_off = 0
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        self._policies = contender.policies()
        desired = setting.maximum if contender.fixed else setting.minimum
        self._group = ScalingGroup(
            self._policies,
            minimum=setting.minimum,
            maximum=setting.maximum,
            desired=desired,
            default_warmup=0,
            launch_seconds=round(setting.boot_seconds),
        )
        self.outcome = SimulationOutcome(contender.name, metrics=SimulatedMetrics(namespace))
        self._machines = {alarm.name: AlarmMachine(alarm, self.outcome.metrics) for alarm in self._group.alarms}
        for _ in range(desired):
            self._fleet.put_in_service(self._fleet.launch(0.0))

    def run(self) -> SimulationOutcome:
        """Until every upload is published."""
        setting, now = self._setting, 0.0
        self._at(MINUTE, self._minute)
        if setting.zone_lost_at is not None:
            self._at(setting.zone_lost_at, self._lose_zone)
        uploads = iter(self._arrivals)
        next_upload = next(uploads, None)
        left = setting.uploads
        while len(self.outcome.latencies) < setting.uploads - left or (left and next_upload is not None):
            if left and next_upload is not None and next_upload <= self._events[0][0]:
                now = next_upload
                self._waiting.append(now)
                left -= 1
                next_upload = next(uploads, None)
                self._start_jobs(now)
            else:
                now, _, act = heapq.heappop(self._events)
                act(now)
        self.outcome.worker_seconds = self._fleet.worker_seconds(now)
        self.outcome.seconds = now
        return self.outcome

    def _at(self, time: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), act))

    def _start_jobs(self, now: float) -> None:
        while self._waiting and (instance := self._fleet.take_slot()):
            upload, number = self._waiting.popleft(), next(self._numbers)
            instance.running[number] = upload
            end = now + self._setting.service_time(self._chance)
            heapq.heappush(self._events, (end, number, self._end_of_job(instance, number)))

    def _end_of_job(self, instance: SimulatedInstance, number: int) -> Callable[[float], None]:
        def end(now: float) -> None:
            upload = instance.running.pop(number, None)
            if upload is None:
                return  # cut off, and done again elsewhere
            self.outcome.latencies.append(now - upload)
            self._fleet.give_slot_back(instance, now)
            self._start_jobs(now)

        return end

    def _come_back(self, uploads: list[float], now: float) -> None:
        """Cut-off jobs are received again when their lease has ended."""
        self.outcome.interrupted += len(uploads)
        self._backing_off += len(uploads)
        for upload in uploads:
            self._at(now + self._setting.lease_seconds, self._back(upload))

    def _back(self, upload: float) -> Callable[[float], None]:
        def back(now: float) -> None:
            self._backing_off -= 1
            self._waiting.appendleft(upload)
            self._start_jobs(now)

        return back

    def _minute(self, now: float) -> None:
        """Publish, evaluate the alarms, ask the policies."""
        at = round(now)
        self.outcome.metrics.publish(self._published())
        for machine in self._machines.values():
            machine.step(at)
        states = {name: machine.state for name, machine in self._machines.items()}
        decision = self._group.step(at, states, self._newest_values())
        if decision:
            self.outcome.decisions.append(decision)
            self._resize(decision, now)
        self._at(now + MINUTE, self._minute)

    def _newest_values(self) -> dict[str, float | None]:
        """Of each policy's metric, by the policy's name: what its alarm has just seen."""
        enabled = (policy for policy in self._policies if policy.common.enabled)
        return {policy.common.name: self._machines[policy.alarms[0].name].value for policy in enabled}

    def _published(self) -> dict[str, float]:
        waiting, in_flight = len(self._waiting), self._fleet.busy() + self._backing_off
        workers = self._fleet.in_service()
        return {
            "BacklogPerWorker": (waiting + in_flight) / max(1, workers),
            "QueueDepth": waiting,
            "MessagesInFlight": in_flight,
            "Workers": workers,
        }

    def _resize(self, decision: Decision, now: float) -> None:
        for _ in range(decision.new - decision.old):
            self._launch(now)
        for _ in range(decision.old - decision.new):
            self._come_back(self._fleet.retire(now), now)

    def _launch(self, now: float) -> None:
        instance = self._fleet.launch(now)

        def ready(at: float) -> None:
            if instance.ended_at is None:
                self._fleet.put_in_service(instance)
                self._start_jobs(at)

        self._at(now + self._setting.boot_seconds, ready)

    def _lose_zone(self, now: float) -> None:
        self._come_back(self._fleet.lose_zone(0, now), now)
        self._at(now + NOTICED_SECONDS, self._replace_lost)

    def _replace_lost(self, now: float) -> None:
        """As many as are desired by now, which may be fewer than were lost."""
        for _ in range(self._group.desired - self._fleet.staying()):
            self._launch(now)
