"""EC2, simulated by processes: one real worker with its own metadata service for each instance of the group."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack

from local.drill.claims import HeldClaim, claims_held_by
from local.drill.emulated_group import GROUP, HOOK, EmulatedGroup
from local.drill.errors import DrillFailed
from local.drill.process_instance import ProcessInstance
from local.system.ec2_stub import COMPLETE, STATE, AwsProxy, Imds
from local.system.local_system import START_SECONDS, LocalSystem
from showcase.database.engine import Database

END_SECONDS = 60.0


class ProcessFleet:
    """The instances of the group. ``reconcile`` starts and ends processes so that they match the group."""

    def __init__(
        self,
        system: LocalSystem,
        group: EmulatedGroup,
        aws_proxy: AwsProxy,
        database: Database,
        *,
        minute_seconds: float,
    ) -> None:
        self._system = system
        self._group = group
        self._aws_proxy = aws_proxy
        self._database = database
        self._minute_seconds = minute_seconds
        self._parts = ExitStack()
        self.instances: dict[str, ProcessInstance] = {}

    def start(self) -> None:
        """Start the first instances, and wait until they receive messages. Raises LocalSystemError."""
        list(self.reconcile())
        for instance in self.instances.values():
            instance.process.wait_until(instance.says_ready, "ready", START_SECONDS)

    def reconcile(self) -> Iterator[str]:
        """Yield a sentence for each change. Raises DrillFailed when a worker has ended without a reason."""
        members = self._group.members()
        for instance_id, zone in members.items():
            if instance_id not in self.instances:
                self.instances[instance_id] = self._launch(instance_id, zone)
                yield f"{instance_id} launched in {zone}"
        for instance in self.instances.values():
            if event := self._advance(instance, is_member=instance.instance_id in members):
                yield event

    def running(self) -> list[ProcessInstance]:
        """The instances that receive jobs."""
        return [i for i in self.instances.values() if i.ready and not i.leaving and not i.killed]

    def retired(self) -> list[ProcessInstance]:
        """The instances that were scaled in."""
        return [i for i in self.instances.values() if i.is_retired]

    def in_work(self, instance: ProcessInstance) -> list[HeldClaim]:
        """The claims that the worker of the instance holds."""
        return claims_held_by(self._database, instance.process.pid)

    def lose_zone(self, zone: str) -> int:
        """``kill -9`` all workers of a zone; return how many jobs that cut off."""
        lost = [i for i in self.instances.values() if i.zone == zone and not i.is_over]
        for instance in lost:
            instance.process.send_signal(signal.SIGKILL)
            instance.killed = True
        for instance in lost:
            instance.process.wait(END_SECONDS)
            instance.interrupted = self.in_work(instance)  # these rows stay as they are until the leases end
        self._group.lose(zone)
        return sum(len(instance.interrupted) for instance in lost)

    def close(self) -> None:
        """End all workers side by side, then their metadata services. May be called again."""
        for instance in self.instances.values():
            instance.process.send_signal(signal.SIGTERM)
        self._parts.close()

    def _launch(self, instance_id: str, zone: str) -> ProcessInstance:
        metadata = self._parts.enter_context(Imds(instance_id)).start()
        through_proxy = {
            name: self._system.environment[name].replace(self._system.emulator.url, self._aws_proxy.url)
            for name in ("ANB_AWS_ENDPOINT_URL", "sqs_queue_url", "sqs_dead_letter_queue_url")
        }
        variables = {
            **through_proxy,
            "ANB_METADATA_URL": metadata.url,
            "ANB_METADATA_SECONDS": str(self._minute_seconds / 4),
            "ANB_AUTO_SCALING_GROUP": GROUP,
            "ANB_LIFECYCLE_HOOK": HOOK,
            # Twice in a simulated minute, so that a late record leaves no minute without a datapoint.
            "ANB_BACKLOG_INTERVAL_SECONDS": str(self._minute_seconds / 2),
            "ANB_WORK_DIRECTORY": str(self._system.directory / "work" / instance_id),
        }
        process = self._system.start_process("worker", f"{instance_id}.log", variables)
        self._parts.callback(process.stop)
        return ProcessInstance(instance_id, zone, process, metadata)

    def _advance(self, instance: ProcessInstance, *, is_member: bool) -> str:
        """Compare an instance with its process and the group; say what has changed, or nothing."""
        if instance.is_over:
            return ""
        name = instance.instance_id
        # Read before anything else: all calls that the worker made before its end are recorded by now.
        exit_code = instance.process.exit_code
        if instance.leaving:
            return self._await_drain(instance, exit_code)
        if exit_code is not None:
            log = instance.process.log
            raise DrillFailed(f"the worker of {name} ended by itself, exit code {exit_code}; see {log}")
        if not is_member:
            # Terminating:Wait. The worker reads it in the metadata, drains, and completes the lifecycle action.
            instance.leaving, instance.interrupted = True, self.in_work(instance)
            instance.metadata.items[STATE] = "Terminated"
            return f"{name} is scaled in with {len(instance.interrupted)} job(s) in work"
        if instance.ready or not instance.says_ready():
            return ""
        instance.ready = True
        return f"{name} in service"

    def _await_drain(self, instance: ProcessInstance, exit_code: int | None) -> str:
        """An instance ends with its lifecycle action, or when its worker is dead and the hook times out."""
        instance.completed = any(
            call["Action"] == COMPLETE and call["InstanceId"] == instance.instance_id for call in self._aws_proxy.calls
        )
        instance.exit_code = instance.process.wait(END_SECONDS) if instance.completed else exit_code
        if not instance.is_over:
            return ""
        how = "drained" if instance.completed else "ended without completing its lifecycle action"
        return f"{instance.instance_id} {how}, exit code {instance.exit_code}"
