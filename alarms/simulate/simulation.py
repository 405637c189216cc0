"""The simulation. Uploads and ends of jobs are events. Metrics, alarms and policies are evaluated every minute."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from alarms.simulate.policies import Contender
from alarms.simulate.simulated_fleet import SimulatedFleet, SimulatedInstance
from alarms.simulate.simulated_metrics import MINUTE, SimulatedMetrics
from cloudwatch.scaling.group_machine import GroupMachine
from cloudwatch.scaling.scaling_group import Decision, ScalingGroup

ZONES = 2
LEASE_SECONDS = 60.0  # an interrupted job is received again after this time
REPLACED_SECONDS = 120.0  # Auto Scaling replaces lost instances after this time

DrawSeconds = Callable[[random.Random], float]


class ServiceTime:
    """Draws from a log-normal distribution with this mean (seconds) and coefficient of variation."""

    def __init__(self, mean: float, spread: float) -> None:
        self._sigma = math.sqrt(math.log(1 + spread * spread))
        self._mu = math.log(mean) - self._sigma**2 / 2

    def __call__(self, chance: random.Random) -> float:
        return chance.lognormvariate(self._mu, self._sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The parameters of a simulation. Times are in seconds; ``service_time`` draws the time of a job on one slot.

    Raises ValueError if the minimum is less than 1.
    """

    uploads: int
    service_time: DrawSeconds
    minimum: int = 1
    maximum: int = 3
    slots: int = 1
    boot_seconds: float = 120.0
    zone_lost_at: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError("the minimum must be at least 1: an empty fleet ignores a backlog below its target")


@dataclass(slots=True)
class SimulationOutcome:
    """The result of a simulation. ``latencies`` are seconds from upload to publication, in the order of publication."""

    contender: str
    latencies: list[float] = field(default_factory=list)
    worker_seconds: float = 0.0
    interrupted: int = 0
    decisions: list[Decision] = field(default_factory=list)
    metrics: SimulatedMetrics = field(default_factory=lambda: SimulatedMetrics("simulation"))
    seconds: float = 0.0


class Simulation:
    """One contender under one setting. ``arrivals`` are rising times of uploads, in seconds."""

    def __init__(self, setting: Setting, contender: Contender, arrivals: Iterator[float], namespace: str) -> None:
        self._setting = setting
        self._arrivals = arrivals
        self._chance = random.Random(setting.seed)  # noqa: S311
        self._fleet = SimulatedFleet(zones=ZONES, slots=setting.slots, careful=contender.careful)
        self._waiting: deque[float] = deque()
        self._backing_off = 0
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        policies = contender.policies()
        desired = setting.maximum if contender.fixed else setting.minimum
        self._group = ScalingGroup(
            policies,
            minimum=setting.minimum,
            maximum=setting.maximum,
            desired=desired,
            default_warmup=0,
            launch_seconds=round(setting.boot_seconds),
        )
        self.outcome = SimulationOutcome(contender.name, metrics=SimulatedMetrics(namespace))
        self._machine = GroupMachine(policies, self._group, self.outcome.metrics)
        for _ in range(desired):
            self._fleet.put_in_service(self._fleet.launch(0.0))

    def run(self) -> SimulationOutcome:
        """Run until every upload is published."""
        setting, now = self._setting, 0.0
        self._at(MINUTE, self._each_minute)
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
            self._at(end, partial(self._end_job, instance, number))

    def _end_job(self, instance: SimulatedInstance, number: int, now: float) -> None:
        upload = instance.running.pop(number, None)
        if upload is None:
            return  # the job was cut off, and is done again elsewhere
        self.outcome.latencies.append(now - upload)
        self._fleet.give_slot_back(instance, now)
        self._start_jobs(now)

    def _back_off(self, uploads: list[float], now: float) -> None:
        """Jobs that were cut off are received again when their lease has ended."""
        self.outcome.interrupted += len(uploads)
        self._backing_off += len(uploads)
        for upload in uploads:
            self._at(now + LEASE_SECONDS, partial(self._receive_again, upload))

    def _receive_again(self, upload: float, now: float) -> None:
        self._backing_off -= 1
        self._waiting.appendleft(upload)
        self._start_jobs(now)

    def _each_minute(self, now: float) -> None:
        """Publish the metrics, evaluate the alarms, and apply the policies."""
        at = round(now)
        waiting, in_flight = len(self._waiting), self._fleet.busy() + self._backing_off
        workers = self._fleet.in_service()
        self.outcome.metrics.publish(
            {
                "BacklogPerWorker": (waiting + in_flight) / max(1, workers),
                "QueueDepth": waiting,
                "MessagesInFlight": in_flight,
                "Workers": workers,
            }
        )
        decision = self._machine.step(at)
        if decision:
            self.outcome.decisions.append(decision)
            self._resize(decision, now)
        self._at(now + MINUTE, self._each_minute)

    def _resize(self, decision: Decision, now: float) -> None:
        for _ in range(decision.new - decision.old):
            self._launch(now)
        for _ in range(decision.old - decision.new):
            self._back_off(self._fleet.retire(now), now)

    def _launch(self, now: float) -> None:
        instance = self._fleet.launch(now)

        def ready(at: float) -> None:
            if instance.ended_at is None:
                self._fleet.put_in_service(instance)
                self._start_jobs(at)

        self._at(now + self._setting.boot_seconds, ready)

    def _lose_zone(self, now: float) -> None:
        self._back_off(self._fleet.lose_zone(0, now), now)
        self._at(now + REPLACED_SECONDS, self._replace_lost)

    def _replace_lost(self, now: float) -> None:
        """Launch up to the desired number of this moment, which may be fewer instances than were lost."""
        for _ in range(self._group.desired - self._fleet.staying()):
            self._launch(now)
