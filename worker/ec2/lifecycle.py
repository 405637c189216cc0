"""This instance as a member of its Auto Scaling group. In the worker, only this file changes the group.

The group should have a termination hook with a heartbeat timeout of 120–300 s and DefaultResult CONTINUE, so that an
instance with a dead worker leaves soon. Correctness does not depend on the hook: AWS does not promise that it runs, and
a job that is cut off is claimed again after its lease. So a failed call is logged, and never stops the work.

IAM, on the one group: ``autoscaling:RecordLifecycleActionHeartbeat``, ``autoscaling:CompleteLifecycleAction``,
``autoscaling:SetInstanceProtection``.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from showcase.aws import Aws, Budget, translated
from showcase.errors import Unavailable
from worker.ec2.instance import InstanceMetadata

HEARTBEAT_SECONDS = 30.0  # a quarter of the shortest heartbeat timeout of the hook
IDLE_POLLS = 3  # empty polls in a row, after which the protection ends
READ_SECONDS = 5
ATTEMPTS = 3

log = logging.getLogger(__name__)


class GroupMember:
    """The three calls to Auto Scaling. Each returns whether it succeeded, and raises nothing.

    Only the first failure in a row is logged. The id of the instance is read at the first call, so that missing
    metadata does not delay the start.
    """

    def __init__(self, aws: Aws, metadata: InstanceMetadata, group: str) -> None:
        self._metadata = metadata
        self._group = group
        self._client = aws.autoscaling(Budget(read_seconds=READ_SECONDS, attempts=ATTEMPTS))
        self._instance_id = ""
        self._failing: set[str] = set()
        self._lock = threading.Lock()  # guards ``_failing``, because the poller and the drain may both call

    def record_heartbeat(self, hook: str) -> bool:
        """Restart the heartbeat timeout of ``hook``."""
        return self._succeeds(
            "heartbeat",
            lambda instance_id: self._client.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=self._group, LifecycleHookName=hook, InstanceId=instance_id
            ),
        )

    def complete(self, hook: str) -> bool:
        """End the wait of ``hook``. The instance may be shut down at once."""
        return self._succeeds(
            "complete",
            lambda instance_id: self._client.complete_lifecycle_action(
                AutoScalingGroupName=self._group,
                LifecycleHookName=hook,
                InstanceId=instance_id,
                LifecycleActionResult="CONTINUE",
            ),
        )

    def set_protection(self, protected: bool) -> bool:
        """Protect the instance from scale-in, or end the protection."""
        return self._succeeds(
            "protect" if protected else "unprotect",
            lambda instance_id: self._client.set_instance_protection(
                AutoScalingGroupName=self._group, InstanceIds=[instance_id], ProtectedFromScaleIn=protected
            ),
        )

    def _succeeds(self, operation: str, call: Callable[[str], Any]) -> bool:
        try:
            self._instance_id = self._instance_id or self._metadata.instance_id()
            with translated("Auto Scaling", operation):
                call(self._instance_id)
        except Unavailable as error:
            with self._lock:
                is_first = operation not in self._failing
                self._failing.add(operation)
            if is_first:
                log.warning("%s (%s)", error, error.__cause__)
            return False
        with self._lock:
            self._failing.discard(operation)
        return True


class Lifecycle:
    """Delays the termination of this instance while the worker drains, and allows it at the end."""

    def __init__(self, member: GroupMember, hook: str, *, interval_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._member = member
        self._hook = hook
        self._interval_seconds = interval_seconds
        self._completed = False

    def heartbeat(self) -> bool:
        """Report once that the drain goes on. False if the call failed."""
        return self._member.record_heartbeat(self._hook)

    @contextmanager
    def keep_alive(self) -> Iterator[None]:
        """Inside the block, a thread calls ``heartbeat`` at once and then every ``interval_seconds``."""
        ended = threading.Event()

        def beat() -> None:
            self.heartbeat()
            while not ended.wait(self._interval_seconds):
                self.heartbeat()

        thread = threading.Thread(target=beat, name="lifecycle", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def complete(self) -> None:
        """Allow the termination. This is the last step of the drain, after ``keep_alive``. A second call does nothing.

        If the call fails, the wait ends with the hook's timeout and its DefaultResult.
        """
        if not self._completed:
            self._completed = True
            self._member.complete(self._hook)


class Protection:
    """Protects this instance from scale-in while it works. Auto Scaling is called only when that changes.

    The protection starts *before* a receive, because Auto Scaling could choose this instance between a receive and a
    late protection. So an idle worker, which is not protected, must not receive. Instead it calls ``work_waits``, which
    looks at the queue: if every poll toggled the protection, Auto Scaling would throttle the calls. Only the poller's
    thread may use it.
    """

    def __init__(self, member: GroupMember, work_waits: Callable[[], bool], *, idle_polls: int = IDLE_POLLS) -> None:
        self._member = member
        self._work_waits = work_waits
        self._idle_polls_max = idle_polls
        self._idle_polls = 0
        self._protected = False  # True only if Auto Scaling has confirmed it
        self._resting = False  # True if Auto Scaling has confirmed the end of the protection

    def protect(self) -> bool:
        """Whether the poller may receive now. If not, the poller calls again a little later.

        Raises the errors of ``work_waits``.
        """
        if self._protected:
            return True
        if self._resting and not self._work_waits():
            return False
        self._protected = self._member.set_protection(True)
        self._idle_polls = 0
        return self._protected

    def busy(self) -> None:
        """Call this after a receive that brought work, or while a job runs."""
        self._idle_polls = 0

    def idle(self) -> None:
        """Call this after an empty receive while no job runs. A few calls in a row end the protection."""
        self._idle_polls += 1
        if self._protected and self._idle_polls >= self._idle_polls_max:
            self._resting = self._member.set_protection(False)
            self._protected = False  # False even if the call got no answer, because it may have succeeded
