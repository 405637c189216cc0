"""The host of the worker process: service manager, EC2 instance, Auto Scaling group. Each may be absent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from showcase.aws import Aws
from showcase.systemd import Liveness, Notifier, Watchdog
from worker.ec2.instance import InstanceMetadata, InstanceWatch
from worker.ec2.lifecycle import GroupMember, Lifecycle
from worker.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Host:
    """The host. ``leaving`` is set when the instance must leave. Outside of a group, member and lifecycle are None."""

    liveness: Liveness
    notifier: Notifier
    watchdog: Watchdog
    leaving: threading.Event
    watch: InstanceWatch
    member: GroupMember | None
    lifecycle: Lifecycle | None

    @contextmanager
    def draining(self, seconds: float) -> Iterator[None]:
        """The drain runs inside the block, for up to ``seconds``. Afterwards, a leaving instance may be terminated."""
        self.notifier.stopping(seconds)
        if self.lifecycle and self.leaving.is_set():
            with self.lifecycle.keep_alive():
                yield
            self.lifecycle.complete()
        else:
            yield


def find_host(settings: WorkerSettings, aws: Aws) -> Host:
    """The host that the settings describe. Without AWS and systemd, its parts do nothing."""
    liveness, leaving = Liveness(), threading.Event()
    notifier = Notifier(settings.notify_socket)
    watchdog = Watchdog(notifier, liveness, settings.watchdog_usec, ("poller", "heartbeat"))
    metadata = InstanceMetadata(settings.metadata_url) if settings.metadata_url else None
    watch = InstanceWatch(
        metadata, interval_seconds=settings.metadata_seconds, on_leaving=lambda _reason: leaving.set()
    )
    group, hook = settings.auto_scaling_group, settings.lifecycle_hook
    member = GroupMember(aws, metadata, group) if metadata and group else None
    lifecycle = Lifecycle(member, hook) if member and hook else None
    return Host(liveness, notifier, watchdog, leaving, watch, member, lifecycle)
