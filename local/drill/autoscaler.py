"""CloudWatch and Auto Scaling over the records that the processes really write, minute by simulated minute."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alarms.definition_files import Definition
from alarms.simulate.policies import defined_policies
from cloudwatch.alarm.state import Transition
from cloudwatch.emf import read_lines
from cloudwatch.metric import MetricId
from cloudwatch.scaling.scaling_group import Decision, ScalingGroup
from cloudwatch.store import MetricStore
from local.drill.alarm_watch import AlarmWatch, is_of_interest
from local.drill.clock import MINUTE, Clock

WARMUP_SECONDS = 180  # DefaultInstanceWarmup of infra/worker.yaml
BOOT_SECONDS = 120  # simulated, from launch to InService: the policies' warm-up begins then


@dataclass(frozen=True, slots=True)
class MinuteReport:
    """The metrics of one minute (None where nothing was published), changes to or from ALARM, and any decision."""

    end: int
    queue_depth: float | None
    in_flight: float | None
    backlog_per_worker: float | None
    changes: tuple[Transition, ...]
    decision: Decision | None


class Autoscaler:
    """Evaluates the scaling policies of the definitions, and their alarms, on the EMF log of a run."""

    def __init__(
        self, definitions: Iterable[Definition], namespace: str, log: Path, clock: Clock, *, minimum: int, maximum: int
    ) -> None:
        self._namespace = namespace
        self._log = log
        self._clock = clock
        self._read_to = 0
        self._store = MetricStore()
        known = list(definitions)
        self._policies = defined_policies(known)
        self.group = ScalingGroup(
            self._policies,
            minimum=minimum,
            maximum=maximum,
            default_warmup=WARMUP_SECONDS,
            launch_seconds=BOOT_SECONDS,
        )
        self._watch = AlarmWatch(known, self.group.alarms, namespace, self._store)

    def minute(self, end: int) -> MinuteReport:
        """Read the new records and evaluate everything at the end of a minute (simulated s)."""
        for point in read_lines(self._new_lines()):
            self._store.add(point._replace(timestamp_ms=self._clock.simulated_ms(point.timestamp_ms)))
        changes = self._watch.minute(end)
        values = {p.common.name: self._watch.value(p.alarms[0]) for p in self._policies if p.common.enabled}
        decision = self.group.step(end, self._watch.states(), values)
        return MinuteReport(
            end,
            queue_depth=self._average("QueueDepth", end),
            in_flight=self._average("MessagesInFlight", end),
            backlog_per_worker=self._average("BacklogPerWorker", end),
            changes=tuple(change for change in changes if is_of_interest(change)),
            decision=decision,
        )

    def _average(self, name: str, end: int) -> float | None:
        metric = MetricId.of(self._namespace, name, {"Service": "worker"})
        return self._store.series(metric, "Average", MINUTE, end - MINUTE, end).values[0]

    def _new_lines(self) -> Iterator[str]:
        """The complete lines that were written since the last call."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read_to)
            for line in log:
                if not line.endswith(b"\n"):
                    break  # the line is not complete yet: the next minute reads it
                self._read_to += len(line)
                yield line.decode()
