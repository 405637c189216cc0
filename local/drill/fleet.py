"""Plays EC2: one real worker process, with its own metadata service, for each instance of the group."""

import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from local.drill.clock import Clock
from local.drill.group import GROUP, HOOK, Group
from local.ec2 import COMPLETE, STATE, Front, Imds
from local.processes import ManagedProcess
from local.system import LocalSystem
from showcase.database import Database
from showcase.tables import Video, VideoStatus

END_SECONDS = 60.0


@dataclass
class Instance:
    """One instance. ``interrupted``: the videos that it had in work when it was told to go, or was killed."""

    instance_id: str
    zone: str
    process: ManagedProcess
    metadata: Imds
    leaving: bool = False
    killed: bool = False
    exit_code: int | None = None
    interrupted: list[uuid.UUID] = field(default_factory=list)


class Fleet:
    """The instances. ``reconcile`` brings the processes to what the group says."""

    def __init__(self, system: LocalSystem, group: Group, front: Front, database: Database, clock: Clock) -> None:
        self._system = system
        self._group = group
        self._front = front
        self._database = database
        self._clock = clock
        self.instances: dict[str, Instance] = {}

    def reconcile(self) -> Iterator[str]:
        """Launch, retire and bury; say what happened."""
        members = self._group.members()
        for instance_id, zone in members.items():
            if instance_id not in self.instances:
                self.instances[instance_id] = self._launch(instance_id, zone)
                yield f"{instance_id} launched in {zone}"
        for instance in self.instances.values():
            if instance.exit_code is None and not instance.killed:
                if instance.instance_id not in members and not instance.leaving:
                    yield self._retire(instance)
                elif instance.leaving and self._has_completed(instance):
                    instance.exit_code = instance.process.wait(END_SECONDS)
                    yield f"{instance.instance_id} drained, exit code {instance.exit_code}"

    def running(self) -> list[Instance]:
        """Those that are given jobs."""
        return [i for i in self.instances.values() if not i.leaving and not i.killed]

    def draining(self) -> list[Instance]:
        return [i for i in self.instances.values() if i.leaving and i.exit_code is None]

    def in_work(self, instance: Instance) -> list[uuid.UUID]:
        """The videos that its worker has claimed."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(Video.id, Video.worker).where(Video.status == VideoStatus.PROCESSING)
            ).all()
        return [row.id for row in rows if row.worker and f"-{instance.process.pid}-" in row.worker]

    def lose_zone(self, zone: str) -> int:
        """``kill -9`` for all in it; how many jobs that cut off."""
        lost = [i for i in self.running() if i.zone == zone]
        for instance in lost:
            instance.process.send_signal(signal.SIGSTOP)  # what is counted below stays true
            instance.interrupted = self.in_work(instance)
            instance.process.send_signal(signal.SIGKILL)
            instance.killed = True
        self._group.lose(zone)
        return sum(len(instance.interrupted) for instance in lost)

    def close(self) -> None:
        for instance in self.instances.values():
            instance.process.stop()
            instance.metadata.__exit__(None, None, None)

    def _launch(self, instance_id: str, zone: str) -> Instance:
        metadata = Imds(instance_id).start()
        process = self._system.start_process("worker", f"{instance_id}.log", self._variables(metadata, instance_id))
        return Instance(instance_id, zone, process, metadata)

    def _retire(self, instance: Instance) -> str:
        """Terminating:Wait. The worker reads it in the metadata, drains, and completes the lifecycle action."""
        instance.leaving = True
        instance.interrupted = self.in_work(instance)
        instance.metadata.items[STATE] = "Terminated"
        return f"{instance.instance_id} is scaled in with {len(instance.interrupted)} job(s) in work"

    def _has_completed(self, instance: Instance) -> bool:
        return any(
            call["Action"] == COMPLETE and call["InstanceId"] == instance.instance_id for call in self._front.calls
        )

    def _variables(self, metadata: Imds, instance_id: str) -> dict[str, str]:
        behind = {
            name: self._system.environment[name].replace(self._system.emulator.url, self._front.url)
            for name in ("ANB_AWS_ENDPOINT_URL", "sqs_queue_url", "sqs_dead_letter_queue_url")
        }
        return {
            **behind,
            "ANB_METADATA_URL": metadata.url,
            "ANB_METADATA_SECONDS": str(self._clock.minute_seconds / 4),
            "ANB_AUTO_SCALING_GROUP": GROUP,
            "ANB_LIFECYCLE_HOOK": HOOK,
            "ANB_BACKLOG_INTERVAL_SECONDS": str(self._clock.minute_seconds),
            "ANB_WORK_DIRECTORY": str(self._system.directory / "work" / instance_id),
        }
