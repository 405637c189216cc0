"""Plays EC2: one real worker process, with its own metadata service, for each instance of the group."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack

from local.drill.claims import Held, held_by
from local.drill.failure import DrillFailed
from local.drill.group import GROUP, HOOK, Group
from local.drill.played_instance import PlayedInstance
from local.system.ec2_stub import COMPLETE, STATE, AwsProxy, Imds
from local.system.local_system import START_SECONDS, LocalSystem
from showcase.database.engine import Database

END_SECONDS = 60.0


class PlayedFleet:
    """The instances. ``reconcile`` brings the processes to what the group says."""

    def __init__(
        self, system: LocalSystem, group: Group, front: AwsProxy, database: Database, *, minute_seconds: float
    ) -> None:
        self._system = system
        self._group = group
        self._front = front
        self._database = database
        self._minute_seconds = minute_seconds
        self._parts = ExitStack()
        self.instances: dict[str, PlayedInstance] = {}

    def start(self) -> None:
        """The first instances, up to where they receive. Raises LocalSystemError."""
        list(self.reconcile())
        for instance in self.instances.values():
            instance.process.wait_until(instance.says_ready, "ready", START_SECONDS)

    def reconcile(self) -> Iterator[str]:
        """Launch, retire and bury; say what happened. Raises DrillFailed for a worker that nobody ended."""
        members = self._group.members()
        for instance_id, zone in members.items():
            if instance_id not in self.instances:
                self.instances[instance_id] = self._launch(instance_id, zone)
                yield f"{instance_id} launched in {zone}"
        for instance in self.instances.values():
            if not instance.is_over:
                yield from self._look_at(instance, is_member=instance.instance_id in members)

    def running(self) -> list[PlayedInstance]:
        """Those that are given jobs."""
        return [i for i in self.instances.values() if i.ready and not i.leaving and not i.killed]

    def retired(self) -> list[PlayedInstance]:
        return [i for i in self.instances.values() if i.is_retired]

    def in_work(self, instance: PlayedInstance) -> list[Held]:
        """What its worker has claimed."""
        return held_by(self._database, instance.process.pid)

    def lose_zone(self, zone: str) -> int:
        """``kill -9`` for all in it; how many jobs that cut off."""
        lost = [i for i in self.instances.values() if i.zone == zone and not i.is_over]
        for instance in lost:
            instance.process.send_signal(signal.SIGKILL)
            instance.killed = True
        for instance in lost:
            instance.process.wait(END_SECONDS)
            instance.interrupted = self.in_work(instance)  # nobody changes that before the leases end
        self._group.lose(zone)
        return sum(len(instance.interrupted) for instance in lost)

    def close(self) -> None:
        """End all workers side by side, then their metadata. May be called again."""
        for instance in self.instances.values():
            instance.process.send_signal(signal.SIGTERM)
        self._parts.close()

    def _launch(self, instance_id: str, zone: str) -> PlayedInstance:
        metadata = self._parts.enter_context(Imds(instance_id)).start()
        process = self._system.start_process("worker", f"{instance_id}.log", self._variables(metadata, instance_id))
        self._parts.callback(process.stop)
        return PlayedInstance(instance_id, zone, process, metadata)

    def _look_at(self, instance: PlayedInstance, *, is_member: bool) -> Iterator[str]:
        exit_code = instance.process.exit_code  # first: what it did before its end is known then
        if instance.leaving:
            yield from self._bury(instance, exit_code)
        elif exit_code is not None:
            name, log = instance.instance_id, instance.process.log
            raise DrillFailed(f"the worker of {name} ended by itself, exit code {exit_code}; see {log}")
        elif not is_member:
            yield self._retire(instance)
        elif not instance.ready and instance.says_ready():
            instance.ready = True
            yield f"{instance.instance_id} in service"

    def _retire(self, instance: PlayedInstance) -> str:
        """Terminating:Wait. The worker reads it in the metadata, drains, and completes the lifecycle action."""
        instance.leaving = True
        instance.interrupted = self.in_work(instance)
        instance.metadata.items[STATE] = "Terminated"
        return f"{instance.instance_id} is scaled in with {len(instance.interrupted)} job(s) in work"

    def _bury(self, instance: PlayedInstance, exit_code: int | None) -> Iterator[str]:
        """An instance ends with its lifecycle action, or when its worker is dead and the hook times out."""
        instance.completed = self._has_completed(instance)
        instance.exit_code = instance.process.wait(END_SECONDS) if instance.completed else exit_code
        if instance.is_over:
            how = "drained" if instance.completed else "ended without completing its lifecycle action"
            yield f"{instance.instance_id} {how}, exit code {instance.exit_code}"

    def _has_completed(self, instance: PlayedInstance) -> bool:
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
            "ANB_METADATA_SECONDS": str(self._minute_seconds / 4),
            "ANB_AUTO_SCALING_GROUP": GROUP,
            "ANB_LIFECYCLE_HOOK": HOOK,
            # Twice a minute: with minutes of a second, a late turn must not leave one without a datapoint.
            "ANB_BACKLOG_INTERVAL_SECONDS": str(self._minute_seconds / 2),
            "ANB_WORK_DIRECTORY": str(self._system.directory / "work" / instance_id),
        }
